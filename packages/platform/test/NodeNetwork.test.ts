/** What only TCP shows: reading in place, peers that are no Klamm, and many of them. */
import { once } from "node:events"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { watchMarks } from "../src/Invariant.ts"
import type { Connection } from "../src/Network.ts"
import { makeNetwork, type ReceivePath } from "../src/node/NodeNetwork.ts"
import { idleAfterReads } from "../src/ReceiveShare.ts"
import {
  frame,
  MiB,
  optionsWith,
  pair,
  poisonedArena,
  prefix,
  readFrames,
  reasonOf,
  serve,
  until
} from "./support/network.ts"

/** How often `name` was marked while `effect` ran. */
const countMarks = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    let count = 0
    const stop = watchMarks((marked) => {
      if (marked === name) count += 1
    })
    return Effect.map(Effect.ensuring(effect, Effect.sync(stop)), () => count)
  })

/** A plain socket, as any client has. */
const dialRaw = (port: number): Effect.Effect<net.Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true })
      socket.on("error", () => undefined)
      await once(socket, "connect")
      return socket
    }),
    (socket) => Effect.sync(() => void socket.destroy())
  )

const sendMany = (path: ReceivePath, count: number, sizeBytes: number) =>
  Effect.gen(function* () {
    const { client, server } = yield* pair(makeNetwork(path), optionsWith(poisonedArena(64 * MiB)))
    const writing = Effect.gen(function* () {
      for (let index = 0; index < count; index++) yield* client.write([frame(sizeBytes, index)])
    })
    const writer = yield* Effect.forkChild(writing)
    for (let index = 0; index < count; ) {
      for (const { bytes, release } of yield* server.read) {
        assert.strictEqual(Buffer.compare(bytes, frame(sizeBytes, index)), 0)
        release()
        index += 1
      }
    }
    yield* Fiber.join(writer)
  })

describe("TCP", () => {
  it.live("reads large frames where they stay, on connections it accepts", () =>
    Effect.gen(function* () {
      const inPlace = (path: ReceivePath, sizeBytes: number) =>
        countMarks("receive: in place", Effect.scoped(sendMany(path, 20, sizeBytes)))
      assert.isAbove(yield* inPlace("arena", MiB), 20)
      assert.strictEqual(yield* inPlace("arena", 1000), 0)
      assert.strictEqual(yield* inPlace("data", MiB), 0)
    })
  )

  it.live("lets busy connections take over the segments of idle ones, and serves all of them", () =>
    Effect.gen(function* () {
      const { port, connections } = yield* serve(makeNetwork(), optionsWith(poisonedArena(16 * MiB)))
      const clients: Array<net.Socket> = []
      const servers: Array<Connection> = []
      for (let index = 0; index < 5; index++) {
        clients.push(yield* dialRaw(port))
        servers.push(yield* Queue.take(connections))
      }
      const exchange = (index: number, sizeBytes: number) =>
        Effect.gen(function* () {
          clients[index]!.write(frame(sizeBytes, index))
          const [got] = yield* readFrames(servers[index]!, 1)
          assert.strictEqual(Buffer.compare(got!.bytes, frame(sizeBytes, index)), 0)
          got!.release()
        })
      /** Four send much, and fall silent while the fifth sends little. */
      const all = Effect.gen(function* () {
        for (let index = 0; index < 4; index++) {
          yield* exchange(index, 200_000)
          for (let read = 0; read < idleAfterReads; read++) yield* exchange(4, 10)
        }
      })
      const yielded = yield* countMarks("receive: an idle connection yields its segment", Effect.andThen(all, all))
      assert.isAbove(yielded, 0)
    })
  )

  it.live("answers a peer that has ended its side and still listens", () =>
    Effect.gen(function* () {
      const { port, connections } = yield* serve(makeNetwork(), optionsWith(poisonedArena(MiB)))
      const client = yield* dialRaw(port)
      const server = yield* Queue.take(connections)
      client.end(frame(10))
      const [got] = yield* readFrames(server, 1)
      assert.strictEqual(yield* reasonOf(server.read), "Closed")
      const answered = Effect.promise(() => once(client, "data"))
      const waiting = yield* Effect.forkChild(answered, { startImmediately: true })
      yield* server.write([got!.bytes])
      const [bytes] = yield* Fiber.join(waiting)
      assert.deepStrictEqual(new Uint8Array(bytes), frame(10))
    })
  )

  it.live("takes a reset as the end of that connection alone", () =>
    Effect.gen(function* () {
      const arena = poisonedArena(MiB)
      const { port, connections } = yield* serve(makeNetwork(), optionsWith(arena))
      const client = yield* dialRaw(port)
      const server = yield* Queue.take(connections)
      client.write(prefix(100))
      yield* until(() => arena.usedBytes > 0)
      client.resetAndDestroy()
      assert.strictEqual(yield* reasonOf(server.read), "Closed")
      assert.strictEqual(arena.usedBytes, 0)
      assert.strictEqual(yield* reasonOf(server.write([frame(1)])), "Closed")
      yield* dialRaw(port)
      yield* Queue.take(connections)
    })
  )

  it.live("reserves little for a length that is only claimed", () =>
    Effect.gen(function* () {
      const arena = poisonedArena(64 * MiB)
      const { port, connections } = yield* serve(makeNetwork(), optionsWith(arena))
      for (let index = 0; index < 100; index++) {
        const client = yield* dialRaw(port)
        yield* Queue.take(connections)
        client.write(Buffer.concat([prefix(8 * MiB), new Uint8Array(100)]))
      }
      yield* until(() => arena.usedBytes >= 100 * 104)
      yield* Effect.sleep("20 millis")
      assert.isAtMost(arena.usedBytes, 100 * 256)
    })
  )

  it.live("holds thousands of idle connections in little memory, each of which still works", () =>
    Effect.gen(function* () {
      const count = 4_000
      const arena = poisonedArena(8 * MiB)
      const { port, connections } = yield* serve(makeNetwork(), optionsWith(arena))
      const before = process.memoryUsage()
      const clients: Array<net.Socket> = []
      const servers: Array<Connection> = []
      for (let index = 0; index < count; index++) {
        const client = yield* dialRaw(port)
        const server = yield* Queue.take(connections)
        client.write(frame(100))
        for (const { release } of yield* readFrames(server, 1)) release()
        clients.push(client)
        servers.push(server)
      }
      assert.strictEqual(arena.usedBytes, 0)
      const after = process.memoryUsage()
      /** Both ends are in this process, so that this bounds twice what a server holds. */
      assert.isBelow((after.rss - before.rss) / count, 100 * 1024)
      assert.isBelow(after.arrayBuffers - before.arrayBuffers, 16 * MiB)
      for (const index of [0, count - 1]) {
        clients[index]!.write(frame(50))
        assert.strictEqual((yield* readFrames(servers[index]!, 1))[0]!.bytes.byteLength, 54)
      }
    })
  )
})
