import { expect, it } from "vitest"
import { fuzzBatches } from "./fuzz-batches.ts"

it("damaged batches cause typed errors only", () => {
  let rounds = 0
  const tried = fuzzBatches(20_261, () => {
    rounds += 1
    return rounds > 3000
  })
  expect(tried).toBe(3000)
})
