/** What only the network in memory has: hosts by name, clean cuts, and the same order of events every time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type { Connection, Network } from "../src/Network.ts"
import { firstDynamicPort, makeMemoryNetwork } from "../src/NetworkMemory.ts"
import { frame, MiB, optionsWith, poisonedArena, prefix, readFrames, reasonOf } from "./support/network.ts"

const port = 9092

const listenAt = (network: Network["Service"], host: string) =>
  Effect.gen(function* () {
    const connections = yield* Queue.unbounded<Connection>()
    const { address } = yield* network.listen({ host, port }, optionsWith(poisonedArena(4 * MiB)), (connection) =>
      Effect.andThen(Queue.offer(connections, connection), Effect.never)
    )
    return { address, connections }
  })

const dial = (network: Network["Service"], host: string) =>
  network.connect({ host, port }, optionsWith(poisonedArena(4 * MiB)))

describe("the network in memory", () => {
  it.effect("finds hosts by name, each with ports of its own", () =>
    Effect.gen(function* () {
      const { host } = makeMemoryNetwork()
      const [one, two] = [host("one"), host("two")]
      const first = yield* listenAt(one, "")
      const second = yield* listenAt(two, "two")
      const client = yield* dial(one, "two")
      assert.deepStrictEqual(client.remote, { host: "two", port })
      const server = yield* Queue.take(second.connections)
      assert.deepStrictEqual(server.remote, { host: "one", port: firstDynamicPort })
      assert.deepStrictEqual(server.remote, client.local)
      yield* dial(two, "one")
      assert.strictEqual((yield* Queue.take(first.connections)).remote.host, "two")
      assert.strictEqual(yield* reasonOf(Effect.scoped(dial(one, "three"))), "AddressNotAvailable")
      assert.strictEqual(yield* reasonOf(Effect.scoped(listenAt(one, "two"))), "AddressNotAvailable")
    })
  )

  it.effect("shows a loopback listener to its own host alone", () =>
    Effect.gen(function* () {
      const { host } = makeMemoryNetwork()
      yield* listenAt(host("one"), "localhost")
      yield* dial(host("one"), "127.0.0.1")
      assert.strictEqual(yield* reasonOf(Effect.scoped(dial(host("two"), "one"))), "Refused")
      assert.strictEqual(yield* reasonOf(Effect.scoped(dial(host("two"), "localhost"))), "Refused")
    })
  )

  it.effect("cuts what connects two hosts, and nothing else", () =>
    Effect.gen(function* () {
      const { host, cut } = makeMemoryNetwork()
      const { connections } = yield* listenAt(host("one"), "")
      const clientTwo = yield* dial(host("two"), "one")
      const serverTwo = yield* Queue.take(connections)
      const clientThree = yield* dial(host("three"), "one")
      const serverThree = yield* Queue.take(connections)
      yield* clientTwo.write([frame(10), prefix(20)])
      const reader = yield* Effect.forkChild(reasonOf(clientTwo.read), { startImmediately: true })
      cut("one", "two")
      assert.strictEqual(yield* Fiber.join(reader), "Closed")
      assert.strictEqual((yield* readFrames(serverTwo, 1)).length, 1)
      assert.strictEqual(yield* reasonOf(serverTwo.read), "Closed")
      assert.strictEqual(yield* reasonOf(serverTwo.write([frame(1)])), "Closed")
      yield* clientThree.write([frame(10)])
      yield* readFrames(serverThree, 1)
      yield* dial(host("two"), "one")
      yield* Queue.take(connections)
    })
  )

  it.effect("does the same in the same order each time", () =>
    Effect.gen(function* () {
      const traces: Array<string> = []
      for (let run = 0; run < 3; run++) {
        const { host } = makeMemoryNetwork()
        const trace: Array<string> = []
        const talk = (name: string) =>
          Effect.gen(function* () {
            const client = yield* dial(host(name), "server")
            for (let turn = 0; turn < 5; turn++) {
              yield* client.write([frame(turn * 1000)])
              trace.push(`${name} sent ${turn}`)
              const [answer] = yield* readFrames(client, 1)
              trace.push(`${name} got ${answer!.bytes.byteLength}`)
              answer!.release()
            }
          })
        const echo = (connection: Connection) =>
          Effect.forever(
            Effect.flatMap(connection.read, (frames) =>
              Effect.forEach(frames, ({ bytes, release }) => {
                trace.push(`echo ${bytes.byteLength} to ${connection.remote.host}:${connection.remote.port}`)
                return Effect.ensuring(connection.write([bytes]), Effect.sync(release))
              })
            )
          )
        const whole = Effect.gen(function* () {
          yield* host("server").listen({ host: "", port }, optionsWith(poisonedArena(4 * MiB)), echo)
          yield* Effect.forEach(["a", "b", "c"], talk, { concurrency: "unbounded" })
        })
        yield* Effect.scoped(whole)
        assert.strictEqual(trace.length, 45)
        traces.push(trace.join("\n"))
      }
      assert.strictEqual(new Set(traces).size, 1)
    })
  )
})
