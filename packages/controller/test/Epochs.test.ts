import { expect, test } from "vitest"
import * as Epochs from "../src/Epochs.ts"

test("an offset was written in the epoch noted last at or before it", () => {
  const told = [
    [1, 0],
    [1, 4],
    [3, 7],
    [3, 9],
    [4, 12]
  ] as const
  const epochs = told.reduce((before, [epoch, offset]) => Epochs.note(before, epoch, offset), Epochs.none)
  expect(epochs.length).toBe(3)
  expect([0, 4, 6, 7, 11, 12, 99].map((offset) => Epochs.at(epochs, offset))).toEqual([1, 1, 1, 3, 3, 4, 4])
  expect(Epochs.at(Epochs.none, 5)).toBe(-1)
  expect(Epochs.at(Epochs.note(Epochs.none, 2, 10), 9)).toBe(-1)
})
