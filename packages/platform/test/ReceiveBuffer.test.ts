/** How much memory a connection is given to receive into. What becomes of its bytes is network-suite's. */
import { assert, it } from "vitest"
import type { Frame } from "../src/Network.ts"
import { ReceiveBuffer } from "../src/ReceiveBuffer.ts"
import { ReceiveShare } from "../src/ReceiveShare.ts"
import { frame, MiB, optionsWith, poisonedArena } from "./support/network.ts"

const bytes = frame(60 * 1024)

/** Frames that come whole, one with each read; answers how much the next read may bring. */
const receiving = (arena: ReturnType<typeof poisonedArena>, share: ReceiveShare) => {
  const none = (): void => undefined
  const buffer = new ReceiveBuffer(arena, optionsWith(arena).framing, share, none, none)
  return (count: number): number => {
    const frames: Array<Frame> = []
    for (let index = 0; index < count; index++) {
      buffer.target().set(bytes)
      buffer.received(bytes.byteLength, frames)
    }
    assert.strictEqual(frames.length, count)
    for (const each of frames) each.release()
    return buffer.target().byteLength
  }
}

it("there is room for many frames while there is plenty, and for a few once half of the budget is given", () => {
  const arena = poisonedArena(64 * MiB)
  const share = new ReceiveShare(arena)
  const room = Array.from({ length: 8 }, () => receiving(arena, share)(1))
  assert.deepStrictEqual(room.slice(0, 4), [MiB, MiB, MiB, MiB])
  assert.deepStrictEqual(room.slice(4), [MiB / 4, MiB / 4, MiB / 4, MiB / 4])
})

it("a segment is received into until little of it is left", () => {
  const arena = poisonedArena(64 * MiB)
  const receive = receiving(arena, new ReceiveShare(arena))
  const first = receive(1)
  const left = first - receive(10)
  assert.strictEqual(left, 10 * bytes.byteLength)
  assert.strictEqual(receive(6), MiB, "and another takes its place")
})
