/** The administrator's stories against Klamm: in a world, and on real ports. */
import { it, layer } from "@effect/vitest"
import { layer as klammLayer } from "@klamm/client/Klamm"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { startTestCluster } from "../../src/startTestCluster.ts"
import { TestCluster } from "../../src/TestCluster.ts"
import { stories } from "./stories.ts"

layer(TestCluster.layer({ brokers: 3, seed: 3 }))("an administrator in a world", (inWorld) => {
  inWorld.effect.each(stories.map((story, index) => [story.name, story, `t${index}`] as const))(
    "%s",
    ([, story, unique]) => story.tell(unique)
  )
})

describe("an administrator over TCP", () => {
  it("does the same", async () => {
    const cluster = await startTestCluster()
    const all = Effect.forEach(stories, (story, index) => story.tell(`t${index}`), { discard: true })
    await Effect.runPromise(Effect.provide(all, klammLayer({ bootstrap: cluster.bootstrap })))
    await cluster.stop()
  })
})
