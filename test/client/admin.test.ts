/** The administrator's stories against Klamm: in a world, and on real ports. */
import { it, layer } from "@effect/vitest"
import { layer as klammLayer } from "@klamm/client/Klamm"
import { startTestCluster } from "@klamm/testing/startTestCluster"
import { TestCluster } from "@klamm/testing/TestCluster"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { kafkaStories } from "./admin/kafka-stories.ts"
import { type Story, stories } from "./admin/stories.ts"
import { foreign } from "./src/Target.ts"

layer(TestCluster.layer({ brokers: 3, seed: 3 }))("an administrator in a world", (inWorld) => {
  inWorld.effect.each(stories.map((story, index) => [story.name, story, `t${index}`] as const))(
    "%s",
    ([, story, unique]) => story.tell(unique)
  )
})

const tellAll = (bootstrap: string, told: ReadonlyArray<Story>, unique: string) =>
  Effect.runPromise(
    Effect.forEach(told, (story, index) => story.tell(`${unique}${index}`), { discard: true }).pipe(
      Effect.provide(klammLayer({ bootstrap }))
    )
  )

describe("an administrator over TCP", () => {
  it("does the same", async () => {
    const cluster = await startTestCluster()
    await tellAll(cluster.bootstrap, stories, "t")
    await cluster.stop()
  })
})

/** A cluster that somebody has started for this: Apache Kafka, or whatever speaks its protocol. */
const elsewhere = foreign === undefined ? [] : [foreign]
const kafka = [...stories, ...kafkaStories]

describe.each(elsewhere)("an administrator of %s", (bootstrap) => {
  it.each(kafka.map((story, index) => [story.name, story, index] as const))("%s", (_, story, index) =>
    tellAll(bootstrap, [story], `t${Date.now().toString(36)}-${index}-`)
  )
})
