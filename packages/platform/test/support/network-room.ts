/** What every layer of Network promises of frames that are most of the arena. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type { Arena } from "../../src/Arena.ts"
import type { Network } from "../../src/Network.ts"
import { frame, MiB, optionsWith, poisonedArena, readFrames, serve } from "./network.ts"

/** Sends frames of these parts of the arena, each on a connection of its own, of all of them first the half; how their reading went. */
const sendAtOnce = (network: Network["Service"], arena: Arena, parts: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const { port, connections } = yield* serve(network, optionsWith(arena))
    const dial = network.connect({ host: "127.0.0.1", port }, optionsWith(poisonedArena(MiB)))
    const ends = yield* Effect.forEach(parts, (part, seed) =>
      Effect.gen(function* () {
        const [client, server] = [yield* dial, yield* Queue.take(connections)]
        const bytes = frame(Math.floor(part * MiB), seed)
        const half = bytes.byteLength / 2
        const ended = Effect.andThen(Effect.sleep("100 millis"), client.write([bytes.subarray(half)]))
        const written = Effect.andThen(client.write([bytes.subarray(0, half)]), ended)
        return { server, bytes, written: yield* Effect.forkChild(Effect.exit(written)) }
      })
    )
    const taken = yield* Effect.forEach(
      ends,
      ({ server, bytes }) =>
        Effect.match(readFrames(server, 1), {
          onFailure: ({ reason }) => reason,
          onSuccess: ([got]) => {
            assert.strictEqual(Buffer.compare(got!.bytes, bytes), 0)
            got!.release()
            return "whole"
          }
        }),
      { concurrency: "unbounded" }
    ).pipe(Effect.timeout("10 seconds"))
    for (const { written } of ends) yield* Fiber.join(written)
    return taken
  })

export const describeRoom = (name: string, make: () => Network["Service"]): ReturnType<typeof describe> =>
  describe(`room for frames: ${name}`, () => {
    it.live("frames that are most of the arena come, begun on several connections at once", () =>
      Effect.gen(function* () {
        const arena = poisonedArena(MiB)
        assert.deepStrictEqual(yield* sendAtOnce(make(), arena, [0.6, 0.7, 0.9]), ["whole", "whole", "whole"])
        assert.strictEqual(arena.usedBytes, 0)
      })
    )

    it.live("what is begun on too many ends some of their connections, and the others' frames come", () =>
      Effect.gen(function* () {
        const arena = poisonedArena(MiB)
        const parts = Array.from({ length: 12 }, () => 0.9)
        const taken = yield* sendAtOnce(make(), arena, parts)
        assert.deepStrictEqual(new Set(taken), new Set(["whole", "FrameTooLarge"]))
        assert.strictEqual(arena.usedBytes, 0)
      })
    )
  })
