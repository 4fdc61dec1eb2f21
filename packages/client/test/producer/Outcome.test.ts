import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { expect, it } from "vitest"
import { ClosedError, ConnectionError, UnsupportedVersion } from "../../src/KlammError.ts"
import { mayBeStored, outcomeOf, type Situation } from "../../src/producer/Outcome.ts"

const usual: Situation = {
  isIdempotent: true,
  isTransactional: false,
  isNext: true,
  isBroken: false,
  mayBeStored: false,
  isExpired: false,
  canSplit: false
}

const tagOf = (code: number, situation: Partial<Situation> = {}) => outcomeOf(code, { ...usual, ...situation })._tag

it("what is retriable in Kafka's table is sent again until its time is over", () => {
  for (const code of [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.REQUEST_TIMED_OUT, ErrorCode.NETWORK_EXCEPTION]) {
    expect(tagOf(code)).toBe("Retry")
    expect(outcomeOf(code, { ...usual, isExpired: true })).toEqual({ _tag: "Fail", isCertain: false })
  }
  expect(outcomeOf(ErrorCode.TOPIC_AUTHORIZATION_FAILED, usual)).toEqual({ _tag: "Fail", isCertain: true })
})

it("a sequence out of order is another's failure while something before it is not stored", () => {
  const code = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
  expect(tagOf(code, { isNext: false })).toBe("Retry")
  expect(tagOf(code, { isBroken: true })).toBe("Retry")
})

it("a sequence out of order behind stored ones begins a new identity, unless the batch may be stored or is of a transaction", () => {
  const code = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
  expect(tagOf(code)).toBe("Renumber")
  expect(outcomeOf(code, { ...usual, mayBeStored: true })).toEqual({ _tag: "Fail", isCertain: false })
  expect(outcomeOf(code, { ...usual, isTransactional: true })).toEqual({ _tag: "Fail", isCertain: false })
})

it("what the broker has stored already is stored, also after the time", () => {
  expect(tagOf(ErrorCode.DUPLICATE_SEQUENCE_NUMBER, { isExpired: true })).toBe("Stored")
})

it("an identity that is not known any more is replaced, in a transaction not", () => {
  expect(tagOf(ErrorCode.UNKNOWN_PRODUCER_ID)).toBe("Renumber")
  expect(tagOf(ErrorCode.INVALID_PRODUCER_EPOCH, { isTransactional: true })).toBe("Fail")
})

it("too large is split as long as there is something to split", () => {
  expect(tagOf(ErrorCode.MESSAGE_TOO_LARGE, { canSplit: true })).toBe("Split")
  expect(tagOf(ErrorCode.MESSAGE_TOO_LARGE)).toBe("Fail")
})

it("may be stored: what went out and was not answered, or was answered with a doubt", () => {
  const lost = (reason: ConnectionError["reason"]) =>
    mayBeStored(ErrorCode.NETWORK_EXCEPTION, new ConnectionError({ reason, address: "b:1" }))
  expect((["Disconnected", "TimedOut", "Malformed"] as const).map(lost)).toEqual([true, true, true])
  expect((["Refused", "Unresolved", "Untrusted", "NoBroker"] as const).map(lost)).toEqual([false, false, false, false])
  expect(mayBeStored(ErrorCode.NETWORK_EXCEPTION, new ClosedError({ what: "client" }))).toBe(true)
  const unspoken = new UnsupportedVersion({ api: "Produce", why: "too old" })
  expect(mayBeStored(unspoken.code, unspoken)).toBe(false)
  expect(mayBeStored(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND)).toBe(true)
  expect(mayBeStored(ErrorCode.NOT_ENOUGH_REPLICAS)).toBe(false)
  expect(mayBeStored(ErrorCode.NONE)).toBe(false)
})
