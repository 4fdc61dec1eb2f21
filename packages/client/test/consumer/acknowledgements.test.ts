import { expect, it } from "vitest"
import { Acknowledgements } from "../../src/consumer/share/Acknowledgements.ts"

it("are told in runs of one outcome, in the order of the offsets, once", () => {
  const acknowledgements = new Acknowledgements()
  for (const offset of [12, 10, 11]) acknowledgements.add(offset, "accept")
  acknowledgements.add(13, "release")
  acknowledgements.add(15, "release")
  expect(acknowledgements.take()).toEqual([
    { firstOffset: 10, lastOffset: 12, acknowledgeTypes: [1] },
    { firstOffset: 13, lastOffset: 13, acknowledgeTypes: [2] },
    { firstOffset: 15, lastOffset: 15, acknowledgeTypes: [2] }
  ])
  expect([acknowledgements.isEmpty, acknowledgements.take()]).toEqual([true, []])
})

it("say the last word when a record is told of twice", () => {
  const acknowledgements = new Acknowledgements()
  acknowledgements.add(1, "accept")
  acknowledgements.add(1, "reject")
  expect(acknowledgements.take()).toEqual([{ firstOffset: 1, lastOffset: 1, acknowledgeTypes: [3] }])
})

it("tell acquired offsets without a record as gaps", () => {
  const acknowledgements = new Acknowledgements()
  acknowledgements.gaps(5, 9, new Set([6, 7]))
  expect(acknowledgements.take()).toEqual([
    { firstOffset: 5, lastOffset: 5, acknowledgeTypes: [0] },
    { firstOffset: 8, lastOffset: 9, acknowledgeTypes: [0] }
  ])
})
