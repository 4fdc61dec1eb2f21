import { describe, expect, it } from "vitest"
import { ErrorCode, errorByCode, errors } from "../src/ErrorCode.ts"

/** Every code that Kafka calls retriable (its RetriableException and below). */
const retriable = [
  2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103, 106, 122,
  123, 133
]

describe("error codes", () => {
  it("run without a gap from -1", () => {
    expect(errors.map(({ code }) => code)).toEqual(errors.map((_, index) => index - 1))
    expect(errors.length).toBe(138)
  })

  it("are retriable where Kafka's are", () => {
    expect(errors.filter((error) => error.retriable).map(({ code }) => code)).toEqual(retriable)
  })

  it("are found by name and by code", () => {
    const notLeader: 6 = ErrorCode.NOT_LEADER_OR_FOLLOWER
    expect(errorByCode(notLeader)).toMatchObject({ name: "NOT_LEADER_OR_FOLLOWER", code: 6, retriable: true })
    expect(ErrorCode.UNKNOWN_SERVER_ERROR).toBe(-1)
    expect(errorByCode(9_999)).toBe(undefined)
    for (const { code, name } of errors) expect(ErrorCode[name]).toBe(code)
  })

  it("each have a text of their own", () => {
    expect(new Set(errors.map(({ message }) => message)).size).toBe(errors.length)
  })
})
