/** What every layer of Network promises, to be asked of each of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as fc from "fast-check"
import { poisonByte } from "../../src/ArenaAllocator.ts"
import type { Network } from "../../src/Network.ts"
import { maxReadBytes } from "../../src/ReceiveBuffer.ts"
import {
  frame,
  framing,
  MiB,
  maxFrameBytes,
  optionsWith,
  pair,
  poisonedArena,
  prefix,
  readFrames,
  reasonOf,
  serve,
  throwingLength,
  until
} from "./network.ts"

/** Cuts bytes into chunks of the given sizes, again and again. */
const chunksOf = (bytes: Uint8Array, sizes: ReadonlyArray<number>): Array<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const describeNetwork = (name: string, make: () => Network["Service"]): ReturnType<typeof describe> =>
  describe(`network: ${name}`, () => {
    it("gives back the frames that were sent, whole and in order, however they were cut, and then all memory", async () => {
      const size = fc.oneof(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 70_000 }),
        fc.integer({ min: 0, max: 700_000 })
      )
      const plan = fc.record({
        sizes: fc.array(size, { minLength: 1, maxLength: 12 }),
        cuts: fc.array(fc.oneof(fc.integer({ min: 500, max: 5000 }), fc.integer({ min: 5000, max: 400_000 })), {
          minLength: 1,
          maxLength: 4
        }),
        perWrite: fc.integer({ min: 1, max: 5 })
      })
      await fc.assert(
        fc.asyncProperty(plan, async ({ sizes, cuts, perWrite }) => {
          const arena = poisonedArena(32 * MiB)
          const sent = sizes.map((bytes, index) => frame(bytes, index))
          const chunks = chunksOf(concat(sent), cuts)
          const exchange = Effect.gen(function* () {
            const { client, server } = yield* pair(make(), optionsWith(arena, 32 * MiB))
            const writing = Effect.gen(function* () {
              for (let at = 0; at < chunks.length; at += perWrite) yield* client.write(chunks.slice(at, at + perWrite))
            })
            const [, received] = yield* Effect.all([writing, readFrames(server, sent.length)], { concurrency: 2 })
            for (const [index, { bytes }] of received.entries()) assert.deepStrictEqual(bytes.slice(), sent[index])
            for (const { release } of received) release()
          })
          await Effect.runPromise(Effect.scoped(exchange))
          assert.strictEqual(arena.usedBytes, 0)
        }),
        { numRuns: 40 }
      )
    })

    it.live("gives one byte at a time as whole frames", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(MiB)))
        const sent = frame(40)
        for (const byte of sent) yield* client.write([Uint8Array.of(byte)])
        const [got] = yield* readFrames(server, 1)
        assert.deepStrictEqual(got!.bytes.slice(), sent)
      })
    )

    it.live("carries frames both ways at once, and lets written memory be used again", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(32 * MiB)))
        const bounce = (count: number) =>
          Effect.gen(function* () {
            let left = count
            while (left > 0) {
              for (const { bytes, release } of yield* server.read) {
                yield* server.write([bytes])
                release()
                left -= 1
              }
            }
          })
        const memory = new Uint8Array(200_004)
        const ask = Effect.gen(function* () {
          for (let turn = 0; turn < 20; turn++) {
            memory.set(frame(200_000, turn))
            yield* client.write([memory])
            memory.fill(0)
            const [answer] = yield* readFrames(client, 1)
            assert.deepStrictEqual(answer!.bytes.slice(), frame(200_000, turn))
            answer!.release()
          }
        })
        yield* Effect.all([bounce(20), ask], { concurrency: 2 })
      })
    )

    it.live("keeps a frame's bytes until it is released, and not longer", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(8 * MiB)))
        yield* client.write([frame(1000, 1)])
        const [first] = yield* readFrames(server, 1)
        yield* client.write([frame(1000, 2)])
        const [second] = yield* readFrames(server, 1)
        second!.release()
        yield* server.close
        assert.deepStrictEqual(first!.bytes.slice(), frame(1000, 1))
        first!.release()
        assert.isTrue(first!.bytes.every((byte) => byte === poisonByte))
        assert.throws(() => first!.release(), /released once/)
      })
    )

    it.live("stops receiving when nobody reads, makes the writer wait, and loses nothing", () =>
      Effect.gen(function* () {
        const receiveLimitBytes = 256 * 1024
        const arena = poisonedArena(32 * MiB)
        const { client, server } = yield* pair(make(), optionsWith(arena, receiveLimitBytes))
        const count = 480
        let written = 0
        const writing = Effect.gen(function* () {
          for (let index = 0; index < count; index++) {
            yield* client.write([frame(100_000, index)])
            written += 1
          }
        })
        const writer = yield* Effect.forkChild(writing)
        yield* Effect.sleep("100 millis")
        const stalledAt = written
        yield* Effect.sleep("50 millis")
        assert.isBelow(stalledAt, count)
        assert.strictEqual(written, stalledAt)
        assert.isAtMost(arena.usedBytes, receiveLimitBytes + 5 * maxReadBytes)
        for (let index = 0; index < count; ) {
          for (const { bytes, release } of yield* server.read) {
            assert.strictEqual(Buffer.compare(bytes, frame(100_000, index)), 0)
            release()
            index += 1
          }
        }
        yield* Fiber.join(writer)
      })
    )

    it.live("stops receiving while the frames that were read are held, until one is given back", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(32 * MiB), 250_000))
        const writer = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3, 4, 5, 6], (seed) => client.write([frame(2 * MiB, seed)]))
        )
        const [first] = yield* readFrames(server, 1)
        const next = yield* Effect.forkChild(readFrames(server, 1))
        yield* Effect.sleep("100 millis")
        assert.isUndefined(next.pollUnsafe())
        first!.release()
        const [second] = yield* Fiber.join(next)
        assert.deepStrictEqual(second!.bytes.slice(), frame(2 * MiB, 2))
        second!.release()
        for (const { release } of yield* readFrames(server, 1)) release()
        yield* server.close
        yield* Fiber.await(writer)
      })
    )

    it.live("waits while the arena is full, and goes on when memory is given back", () =>
      Effect.gen(function* () {
        const arena = poisonedArena(MiB)
        const network = make()
        const { port, connections } = yield* serve(network, optionsWith(arena, 8 * MiB))
        const client = yield* network.connect({ host: "127.0.0.1", port }, optionsWith(poisonedArena(MiB)))
        const server = yield* Queue.take(connections)
        const taken = arena.allocate(MiB - 64)!
        const writer = yield* Effect.forkChild(client.write([frame(5000, 1), frame(300_000, 2), frame(10, 3)]))
        const reader = yield* Effect.forkChild(readFrames(server, 3))
        yield* Effect.sleep("30 millis")
        assert.isUndefined(reader.pollUnsafe())
        taken.release()
        const frames = yield* Fiber.join(reader)
        yield* Fiber.join(writer)
        const expected = [frame(5000, 1), frame(300_000, 2), frame(10, 3)]
        for (const [index, { bytes }] of frames.entries()) assert.deepStrictEqual(bytes.slice(), expected[index])
      })
    )

    it.live("refuses where nobody listens, and a port that is taken", () =>
      Effect.gen(function* () {
        const network = make()
        const options = optionsWith(poisonedArena(MiB))
        const gone = yield* Effect.scoped(serve(network, options))
        assert.strictEqual(
          yield* reasonOf(Effect.scoped(network.connect({ host: "127.0.0.1", port: gone.port }, options))),
          "Refused"
        )
        const { port } = yield* serve(network, options)
        const again = network.listen({ host: "127.0.0.1", port }, options, () => Effect.void)
        assert.strictEqual(yield* reasonOf(Effect.scoped(again)), "AddressInUse")
        const elsewhere = network.listen({ host: "198.51.100.1", port: 0 }, options, () => Effect.void)
        assert.strictEqual(yield* reasonOf(Effect.scoped(elsewhere)), "AddressNotAvailable")
      })
    )

    it.live("names both ends", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(MiB)))
        assert.strictEqual(client.local.port, server.remote.port)
        assert.strictEqual(client.remote.port, server.local.port)
        assert.notStrictEqual(server.remote.host, "")
      })
    )

    it.live.each(["client", "server"] as const)(
      "tells the peer of a close by the %s, behind what was sent",
      (closing) =>
        Effect.gen(function* () {
          const ends = yield* pair(make(), optionsWith(poisonedArena(MiB)))
          const [near, far] = closing === "client" ? [ends.client, ends.server] : [ends.server, ends.client]
          yield* near.write([frame(10), frame(20), prefix(1000)])
          yield* near.close
          const frames = yield* readFrames(far, 2)
          assert.deepStrictEqual(
            frames.map(({ bytes }) => bytes.byteLength),
            [14, 24]
          )
          assert.strictEqual(yield* reasonOf(far.read), "Closed")
          assert.strictEqual(yield* reasonOf(far.read), "Closed")
          assert.strictEqual(yield* reasonOf(near.read), "Closed")
          assert.strictEqual(yield* reasonOf(near.write([frame(1)])), "Closed")
          const writeUntilFailed = Effect.forever(Effect.andThen(far.write([frame(1)]), Effect.sleep("1 millis")))
          assert.strictEqual(yield* reasonOf(writeUntilFailed), "Closed")
          yield* near.close
        })
    )

    it.live("ends a reader and a writer in progress when its own side closes", () =>
      Effect.gen(function* () {
        const { client } = yield* pair(make(), optionsWith(poisonedArena(MiB), 1))
        const reader = yield* Effect.forkChild(reasonOf(client.read))
        const writer = yield* Effect.forkChild(
          reasonOf(client.write(Array.from({ length: 200 }, () => frame(MiB / 8))))
        )
        yield* Effect.sleep("20 millis")
        assert.isUndefined(writer.pollUnsafe())
        yield* client.close
        assert.strictEqual(yield* Fiber.join(reader), "Closed")
        assert.strictEqual(yield* Fiber.join(writer), "Closed")
      })
    )

    it.live.each([
      [-1, "Malformed"],
      [throwingLength, "Malformed"],
      [maxFrameBytes + 1, "FrameTooLarge"],
      [2 * MiB, "FrameTooLarge"]
    ] as const)(
      "closes a connection whose length is %i, after the frames before it, and no other",
      ([length, reason]) =>
        Effect.gen(function* () {
          const network = make()
          const { port, connections } = yield* serve(network, optionsWith(poisonedArena(MiB)))
          const dial = network.connect({ host: "127.0.0.1", port }, optionsWith(poisonedArena(MiB)))
          const good = { client: yield* dial, server: yield* Queue.take(connections) }
          const bad = { client: yield* dial, server: yield* Queue.take(connections) }
          yield* bad.client.write([frame(10), prefix(length)])
          assert.strictEqual((yield* readFrames(bad.server, 1))[0]!.bytes.byteLength, 14)
          assert.strictEqual(yield* reasonOf(bad.server.read), reason)
          assert.strictEqual(yield* reasonOf(bad.client.read), "Closed")
          yield* good.client.write([frame(30)])
          assert.strictEqual((yield* readFrames(good.server, 1))[0]!.bytes.byteLength, 34)
          yield* dial
        })
    )

    it.live("closes a connection when its server's effect ends, fails or dies, and goes on accepting", () =>
      Effect.gen(function* () {
        const network = make()
        const options = optionsWith(poisonedArena(MiB))
        let accepted = 0
        const ends = [Effect.void, Effect.flatMap(Effect.void, () => Effect.die("broken")), Effect.interrupt]
        const { address } = yield* network.listen({ host: "127.0.0.1", port: 0 }, options, () =>
          Effect.suspend(() => ends[accepted++]!)
        )
        for (const _ of ends) {
          const client = yield* network.connect({ host: "127.0.0.1", port: address.port }, options)
          assert.strictEqual(yield* reasonOf(client.read), "Closed")
        }
        assert.strictEqual(accepted, ends.length)
      })
    )

    it.live("closes what it accepted and frees its port when the listener's scope ends", () =>
      Effect.gen(function* () {
        const network = make()
        const arena = poisonedArena(MiB)
        const scope = yield* Scope.make()
        const ended = yield* Deferred.make<void>()
        const { address } = yield* Scope.provide(
          network.listen({ host: "127.0.0.1", port: 0 }, optionsWith(arena), () =>
            Effect.ensuring(Effect.never, Deferred.succeed(ended, undefined))
          ),
          scope
        )
        const client = yield* network.connect(
          { host: "127.0.0.1", port: address.port },
          optionsWith(poisonedArena(MiB))
        )
        yield* client.write([frame(100)])
        yield* until(() => arena.usedBytes > 0)
        yield* Scope.close(scope, Exit.void)
        yield* Deferred.await(ended)
        assert.strictEqual(yield* reasonOf(client.read), "Closed")
        assert.strictEqual(arena.usedBytes, 0)
        yield* network.listen({ host: "127.0.0.1", port: address.port }, optionsWith(arena), () => Effect.void)
      })
    )

    it.live("loses nothing when a read is interrupted, and closes when a write is", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), optionsWith(poisonedArena(MiB), 1))
        const reader = yield* Effect.forkChild(server.read)
        yield* Effect.sleep("5 millis")
        yield* Fiber.interrupt(reader)
        yield* client.write([frame(10)])
        const [got] = yield* readFrames(server, 1)
        assert.strictEqual(got!.bytes.byteLength, 14)
        got!.release()
        const writer = yield* Effect.forkChild(client.write(Array.from({ length: 200 }, () => frame(MiB / 8))))
        yield* Effect.sleep("20 millis")
        assert.isUndefined(writer.pollUnsafe())
        yield* Fiber.interrupt(writer)
        assert.strictEqual(yield* reasonOf(client.write([frame(1)])), "Closed")
        const drain = Effect.forever(
          Effect.map(server.read, (frames) => {
            for (const { release } of frames) release()
          })
        )
        assert.strictEqual(yield* reasonOf(drain), "Closed")
      })
    )

    it.live("sends nothing for no chunks or empty ones", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair(make(), { ...optionsWith(poisonedArena(MiB)), framing })
        yield* client.write([])
        yield* client.write([new Uint8Array(0)])
        yield* client.write([new Uint8Array(0), frame(3), new Uint8Array(0)])
        assert.strictEqual((yield* readFrames(server, 1)).length, 1)
      })
    )
  })
