/** Sends: what was acknowledged is there, where it was said to be, once, and in its order; nothing is there that nobody sent. */
import type { Send } from "../History.ts"
import type { Check, Drained, Evidence, Violation } from "./Evidence.ts"

const isOwed = ({ promises }: Evidence, { acks, state }: Send): boolean =>
  state === "ok" && (acks === -1 ? promises.keepsAcksAll : promises.keepsAcksOne)

/** Where each value is, in a drained partition. */
const placesOf = ({ records }: Drained): Map<number, Array<number>> => {
  const places = new Map<number, Array<number>>()
  for (const { value, offset } of records) {
    const known = places.get(value)
    if (known === undefined) places.set(value, [offset])
    else known.push(offset)
  }
  return places
}

const sendsOf = (evidence: Evidence, partition: number): ReadonlyArray<Send> =>
  evidence.history.sends.filter((send) => send.partition === partition)

const name = ({ producer, partition, value }: Send): string => `${producer}'s ${value} in partition ${partition}`

/** Acknowledged, and so never lost. */
export const kept: Check = (evidence) =>
  evidence.drained.flatMap((drained) => {
    const places = placesOf(drained)
    return sendsOf(evidence, drained.partition).flatMap((send): ReadonlyArray<Violation> => {
      if (!isOwed(evidence, send)) return []
      const found = places.get(send.value)
      if (found === undefined) {
        const detail = `${name(send)} was acknowledged at ${send.endedMs.toFixed(1)} ms with offset ${send.offset} and is lost`
        return [{ check: "kept", detail }]
      }
      if (send.offset === -1 || found.includes(send.offset)) return []
      return [{ check: "kept", detail: `${name(send)} was acknowledged with offset ${send.offset} and is at ${found}` }]
    })
  })

/** An idempotent producer's values are there once. */
export const once: Check = ({ drained }) =>
  drained.flatMap((each) =>
    [...placesOf(each)]
      .filter(([, offsets]) => offsets.length > 1)
      .map(([value, offsets]) => ({
        check: "once",
        detail: `${value} of partition ${each.partition} is at ${offsets}`
      }))
  )

/** Values of one producer are in the order in which it sent them. */
export const ordered: Check = (evidence) =>
  evidence.drained.flatMap(({ partition, records }) => {
    const producers = new Map(sendsOf(evidence, partition).map(({ value, producer }) => [value, producer]))
    const last = new Map<string, number>()
    return records.flatMap(({ value, offset }): ReadonlyArray<Violation> => {
      const producer = producers.get(value) ?? ""
      const before = last.get(producer) ?? 0
      last.set(producer, Math.max(before, value))
      if (value > before) return []
      return [
        { check: "ordered", detail: `${producer}'s ${value} is behind its ${before}, at ${offset} of ${partition}` }
      ]
    })
  })

/** What is stored was sent. */
export const sent: Check = (evidence) =>
  evidence.drained.flatMap(({ partition, records }) => {
    const values = new Set(sendsOf(evidence, partition).map(({ value }) => value))
    return records
      .filter(({ value }) => !values.has(value))
      .map(({ value, offset }) => ({ check: "sent", detail: `nobody sent ${value}, at ${offset} of ${partition}` }))
  })
