/** Tells all stories to one cluster: the same ones to each, but for those whose features are said to be lacking there. */
import { expect, layer } from "@effect/vitest"
import type { Klamm } from "@klamm/client/Klamm"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { book } from "../stories/Book.ts"
import { fresh, type Story } from "../stories/Story.ts"
import { type Feature, lackingIn } from "./Feature.ts"

export interface Audience<R, E> {
  readonly cluster: Layer.Layer<Klamm | R, E>
  /** What the cluster can't do yet. */
  readonly lacking: ReadonlyArray<Feature>
  /** Whether time is the world's own, and not this machine's. */
  readonly isWorld?: boolean
}

/** What Klamm's brokers can't do yet. */
export const lackingInKlamm: ReadonlyArray<Feature> = [
  "transactions",
  "consumer groups",
  "share groups",
  "acls",
  "quotas",
  "scram",
  "delegation tokens"
]

const storyLimitMs = 60_000

export const tellAll = <R, E>(name: string, { cluster, lacking, isWorld = false }: Audience<R, E>): void => {
  const isToldHere = ({ needs = [] }: Story) => !needs.some((feature) => lacking.includes(feature))
  layer(cluster, { timeout: "90 seconds", excludeTestServices: !isWorld })(name, (it) => {
    it.effect("lacks what is left out, and nothing else", () =>
      Effect.map(lackingIn, (found) => expect(found.toSorted()).toEqual(lacking.toSorted()))
    )
    for (const [chapter, stories] of Object.entries(book)) {
      for (const story of stories) {
        const tell = () => Effect.flatMap(fresh("story"), story.tell)
        it.effect.runIf(isToldHere(story))(`${chapter}: ${story.name}`, tell, storyLimitMs)
      }
    }
  })
}
