/** How far a connection reads ahead of its reader. What any network does with it is network-suite's. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { assert, it } from "vitest"
import { gatherLimitBytes, Inbox } from "../src/Inbox.ts"
import type { NetworkError } from "../src/Network.ts"
import { ReceiveShare } from "../src/ReceiveShare.ts"
import { frame, MiB, optionsWith, poisonedArena } from "./support/network.ts"

const frameBytes = gatherLimitBytes / 4

const makeInbox = () => {
  const resumed: Array<number> = []
  const arena = poisonedArena(16 * MiB)
  const options = optionsWith(arena, 8 * MiB)
  const source = {
    remote: { host: "client", port: 9 },
    resume: () => {
      resumed.push(resumed.length)
    },
    abort: () => undefined
  }
  const inbox: Inbox = new Inbox(source, options, new ReceiveShare(arena))
  const bring = (count: number): ReadonlyArray<boolean> =>
    Array.from({ length: count }, () => inbox.accept(frame(frameBytes - 4)))
  const take = () => Effect.runSync(inbox.read)
  return { inbox, resumed, bring, take }
}

it("stops reading once the limit is gathered, and goes on when it is taken", () => {
  const { inbox, resumed, bring, take } = makeInbox()
  assert.deepStrictEqual(bring(4), [true, true, true, false])
  assert.isFalse(inbox.isOpen)
  const first = take()
  assert.strictEqual(first.length, 4)
  assert.strictEqual(resumed.length, 1)
  assert.deepStrictEqual(bring(4), [true, true, true, false], "what was taken and is not given back does not count")
  for (const each of [...first, ...take()]) each.release()
  assert.strictEqual(resumed.length, 2)
})

it.each([3, 4, 5, 6, 7, 8])("wakes a reader that was made to yield before its step %d", (step) => {
  const { inbox, bring } = makeInbox()
  const scheduler = new Scheduler.MixedScheduler("async")
  scheduler.shouldYield = (fiber) => fiber.currentOpCount >= step
  let read = 0
  const all: Effect.Effect<void, NetworkError> = Effect.flatMap(inbox.read, (frames) => {
    for (const each of frames) each.release()
    read += frames.length
    return all
  })
  return Effect.runPromise(
    Effect.gen(function* () {
      const reading = yield* Effect.forkChild(Effect.provideService(all, Scheduler.Scheduler, scheduler))
      for (let count = 1; count <= 20; count++) {
        for (let turns = 0; turns < count % 4; turns++) yield* Effect.yieldNow
        bring(1)
        for (let turns = 0; turns < 20 && read < count; turns++) yield* Effect.yieldNow
        assert.strictEqual(read, count)
      }
      yield* Fiber.interrupt(reading)
    })
  )
})

it("is not resumed where it had not stopped", () => {
  const { resumed, bring, take } = makeInbox()
  bring(3)
  for (const each of take()) each.release()
  assert.strictEqual(resumed.length, 0)
})

it("takes a frame that is larger than what may gather", () => {
  const { inbox, resumed, take } = makeInbox()
  const body = frame(3 * gatherLimitBytes)
  for (let at = 0; at < body.byteLength; at += 65_536) {
    const isLast = at + 65_536 >= body.byteLength
    assert.strictEqual(inbox.accept(body.subarray(at, at + 65_536)), !isLast)
  }
  const [taken] = take()
  assert.deepStrictEqual([...taken.bytes.subarray(0, 64)], [...body.subarray(0, 64)])
  assert.strictEqual(taken.bytes.byteLength, body.byteLength)
  assert.strictEqual(resumed.length, 1)
  taken.release()
})

it("what holds more than its limit waits for both: to be taken and to be given back", () => {
  const { inbox, resumed, bring, take } = makeInbox()
  const taken: Array<ReturnType<typeof take>> = []
  for (let round = 0; round < 17 && inbox.isOpen; round++) {
    bring(4)
    taken.push(take())
  }
  assert.isFalse(inbox.isOpen, "more than the limit of 8 MiB is held")
  assert.strictEqual(resumed.length, taken.length - 1)
  for (const frames of taken) for (const each of frames) each.release()
  assert.isTrue(inbox.isOpen)
  assert.strictEqual(resumed.length, taken.length)
})
