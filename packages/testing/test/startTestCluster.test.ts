/** Brokers on real ports for those who don't use Effect: reached over TCP, and gone without a trace. */
import { describeTopics } from "@klamm/client/Admin"
import { layer as klammLayer } from "@klamm/client/Klamm"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { assert, describe, it, vi } from "vitest"
import { Chance } from "../src/Chance.ts"
import { History } from "../src/History.ts"
import { startTestCluster } from "../src/startTestCluster.ts"
import { createTopic } from "../src/workload/Admin.ts"
import { makeClient } from "../src/workload/Client.ts"

const MiB = 1024 * 1024

/** Creates a topic on all brokers and answers its replicas. */
const replicasOver = (brokers: ReadonlyArray<{ readonly host: string; readonly port: number }>) => {
  const arena = makeArena(new ArrayBuffer(MiB), 0, MiB)
  const replicationFactor = brokers.length
  const plan = { name: "orders", partitions: 2, replicationFactor, configs: {} }
  const program = Effect.gen(function* () {
    const client = yield* makeClient({ arena, clientId: "test", bootstrap: brokers, chance: new Chance(1) })
    yield* createTopic(client, new History(), () => 0, plan)
    // Another broker than the one that answered may hear of it a moment later.
    let found = yield* client.replication("orders", client.anyone)
    while (found.length < plan.partitions) {
      yield* Effect.sleep(5)
      found = yield* client.replication("orders", client.anyone)
    }
    return found
  })
  return Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(NodeNetwork.layer)))
}

const isListening = (port: number): Promise<boolean> => {
  const arena = makeArena(new ArrayBuffer(MiB), 0, MiB)
  const options = { arena, framing: { frameLength: () => 0 }, receiveLimitBytes: MiB }
  const dialled = Effect.flatMap(Effect.sync(NodeNetwork.makeNetwork), (network) =>
    network.connect({ host: "127.0.0.1", port }, options)
  )
  return Effect.runPromise(Effect.map(Effect.exit(Effect.scoped(dialled)), Exit.isSuccess))
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP") || name === "Timeout").length

describe("startTestCluster", () => {
  it.each([1, 3])("starts %i brokers on ports of their own, and leaves nothing", async (brokers) => {
    const before = sockets()
    const cluster = await startTestCluster({ brokers })
    assert.strictEqual(cluster.bootstrap.split(",").length, brokers)
    assert.deepStrictEqual(
      cluster.brokers.map(({ id }) => id),
      Array.from({ length: brokers }, (_, index) => index + 1)
    )
    const replicas = await replicasOver(cluster.brokers)
    assert.deepStrictEqual(replicas, [
      { replicas: brokers, inSync: brokers },
      { replicas: brokers, inSync: brokers }
    ])
    await cluster.stop()
    await cluster.stop()
    for (const { port } of cluster.brokers) assert.isFalse(await isListening(port))
    await new Promise((resume) => setTimeout(resume, 20))
    assert.isAtMost(sockets(), before)
  })

  it("runs several beside one another, each with its own disk", async () => {
    const clusters = await Promise.all([startTestCluster(), startTestCluster()])
    assert.notStrictEqual(clusters[0].bootstrap, clusters[1].bootstrap)
    for (const { brokers } of clusters) assert.lengthOf(await replicasOver(brokers), 2)
    await Promise.all(clusters.map(({ stop }) => stop()))
  })

  it("has the topics that it is asked for", async () => {
    const cluster = await startTestCluster({ topics: ["bills", { name: "orders", creation: { partitions: 3 } }] })
    const described = Effect.provide(describeTopics(["bills", "orders"]), klammLayer({ bootstrap: cluster.bootstrap }))
    const counts = (await Effect.runPromise(described)).map(({ partitions }) => partitions.length)
    assert.deepStrictEqual(counts, [1, 3])
    await cluster.stop()
  })

  it("stops without a word", async () => {
    const spy = vi.spyOn(console, "log")
    const cluster = await startTestCluster()
    await cluster.stop()
    const said = spy.mock.calls.flat().join("\n")
    spy.mockRestore()
    assert.strictEqual(said, "")
  })

  it("says which setting is wrong", async () => {
    const started = startTestCluster({ settings: { "log.segment.bites": 1 } })
    const failure = await started.then(
      () => "started",
      (error: unknown) => String(error)
    )
    assert.match(failure, /log\.segment\.bites/)
  })
})
