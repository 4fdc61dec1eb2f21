/** When the next measurement may begin. */
import { expect, test } from "vitest"
import { rest } from "../src/Quiet.ts"

/** A machine of which `cores[n]` are busy in its n-th half second, the last of them from then on; how long it took to come to rest. */
const restAfter = async (cores: ReadonlyArray<number>): Promise<number> => {
  let ms = 0
  let seconds = 0
  const pause = async (each: number) => {
    seconds += ((cores[Math.round(ms / 500)] ?? cores.at(-1)!) * each) / 1000
    ms += each
  }
  await rest(
    () => seconds,
    pause,
    () => ms
  )
  return ms
}

test("a machine that is at rest is waited for half a second", async () => {
  expect(await restAfter([0.1])).toBe(500)
})

test("what a system is still busy with is waited for", async () => {
  expect(await restAfter([2, 1.5, 0.3, 0.1])).toBe(2_000)
})

test("a machine that does not come to rest is measured all the same", async () => {
  expect(await restAfter([1])).toBe(60_000)
})

test("a machine that does not tell is not waited for", async () => {
  const never = () => Promise.reject(new Error("there is nothing to wait for"))
  await rest(() => undefined, never)
})
