/**
 * The compacted topic: what is read from its beginning, at any time, are records as they were written, in their order, and of each key at
 * least the newest that was acknowledged before (behaviour 164); in the end every replica has the same newest record of each key, though
 * each cleans its log by itself. A key whose newest write is a tombstone may be gone once `delete.retention.ms` is over; and whoever was
 * behind by more than that, a reader or a replica, may have missed it and still have what it was written over: Kafka promises no more.
 */
import { type KeyedHistory, type KeyedRecord, keyedTopic, type Pass, type Write } from "../KeyedHistory.ts"
import type { Check, Evidence, Violation } from "./Evidence.ts"
import type { KeyedLog } from "./KeyedLogs.ts"

/** What is known of the compacted topic. */
export interface KeyedEvidence {
  readonly history: KeyedHistory
  /** Each partition, read when all was quiet. */
  readonly final: ReadonlyArray<Pass>
  /** What lies on the disks in the end. */
  readonly logs: ReadonlyArray<KeyedLog>
}

const allPasses = ({ history, final }: KeyedEvidence): ReadonlyArray<Pass> => [...history.passes, ...final]

const place = ({ partition, beganMs }: Pass): string =>
  `${keyedTopic}-${partition}, as it was read from ${beganMs.toFixed(1)} ms on`

const told = ({ key, value, isTombstone }: Pick<KeyedRecord, "key" | "value" | "isTombstone">): string =>
  `${key}'s ${isTombstone ? "tombstone" : "value"} ${value}`

type Judge = (keyed: KeyedEvidence, evidence: Evidence) => ReadonlyArray<string>

/** A check of runs that have the topic. */
const judging =
  (check: string, judge: Judge): Check =>
  (evidence): ReadonlyArray<Violation> =>
    evidence.keyed === undefined ? [] : judge(evidence.keyed, evidence).map((detail) => ({ check, detail }))

/** Offsets rise, whatever has been removed between them. */
export const offsetsRise: Check = judging("offsetsRise", (keyed) =>
  allPasses(keyed).flatMap((pass) =>
    pass.records.flatMap(({ offset }, index) => {
      const before = pass.records[index - 1]?.offset ?? -1
      return offset > before ? [] : [`${offset} is behind ${before} in ${place(pass)}`]
    })
  )
)

/** Cleaning leaves the start where it is: whoever has read to an offset can go on from there. Nobody deletes records here. */
export const startStays: Check = judging("startStays", (keyed) =>
  allPasses(keyed).flatMap((pass) => (pass.start === 0 ? [] : [`${pass.start} is the start of ${place(pass)}`]))
)

/** Whether it is stored where the record is, if that is known and was promised by then. */
const isAt = (write: Write, { offset }: KeyedRecord, { beganMs }: Pass, { promises }: Evidence): boolean => {
  const isOwed = promises.keepsReads || (promises.keepsAcksAll && write.endedMs < beganMs)
  return write.offset === -1 || write.offset === offset || !isOwed
}

/** Each record is one that was written, as it was and where it was acknowledged. */
export const asWritten: Check = judging("asWritten", (keyed, evidence) => {
  const writes = new Map(keyed.history.writes.map((write) => [`${write.partition}/${write.value}`, write]))
  return allPasses(keyed).flatMap((pass) =>
    pass.records.flatMap((record) => {
      const found = writes.get(`${pass.partition}/${record.value}`)
      const isSame =
        found?.key === record.key && found.isTombstone === record.isTombstone && found.timestamp === record.timestamp
      if (found === undefined || !isSame) {
        return [`nobody wrote ${told(record)}, of ${record.timestamp}, which is at ${record.offset} of ${place(pass)}`]
      }
      if (isAt(found, record, pass, evidence)) return []
      return [
        `${told(found)} was acknowledged with offset ${found.offset} and is at ${record.offset} of ${place(pass)}`
      ]
    })
  )
})

/** Of each key the values rise. */
export const valuesRise: Check = judging("valuesRise", (keyed, { promises }) =>
  promises.keepsAcksAll
    ? allPasses(keyed).flatMap((pass) => {
        const last = new Map<string, KeyedRecord>()
        return pass.records.flatMap((record) => {
          const before = last.get(record.key)
          last.set(record.key, record)
          if (before === undefined || record.value > before.value) return []
          return [`${told(record)} is behind ${told(before)}, at ${record.offset} of ${place(pass)}`]
        })
      })
    : []
)

/** By key, the last of them. */
const newestOf = <Each extends Pick<KeyedRecord, "key" | "value">>(all: ReadonlyArray<Each>): Map<string, Each> => {
  const newest = new Map<string, Each>()
  for (const each of all) {
    const known = newest.get(each.key)
    if (known === undefined || each.value > known.value) newest.set(each.key, each)
  }
  return newest
}

const writesTo = ({ history }: KeyedEvidence, partition: number): ReadonlyArray<Write> =>
  history.writes.filter((write) => write.partition === partition)

/** How long a pass over a partition at rest may take so that no tombstone's time can come meanwhile, in milliseconds. */
const quickMs = 500

/**
 * Whether a key may be found at `last`, or nowhere, that was acknowledged at `owed`. Alone and at rest a broker has missed no tombstone:
 * what that was written over went before it.
 */
const mayEndAt = (
  {
    owed,
    last,
    mayHaveMissed
  }: { readonly owed: Write; readonly last: KeyedRecord | undefined; readonly mayHaveMissed: boolean },
  tombstone: Write | undefined
): boolean => {
  if (last !== undefined && last.value >= owed.value) return true
  const mayBeGone = tombstone !== undefined && tombstone.value >= owed.value
  return mayBeGone && (last === undefined || mayHaveMissed)
}

/** Each key's newest acknowledged write is there, or a later one. */
export const newestKept: Check = judging("newestKept", (keyed, { promises, swarm }) => {
  if (!promises.keepsAcksAll) return []
  const { history, final } = keyed
  return allPasses(keyed).flatMap((pass) => {
    if (!pass.isWhole) return []
    const { beganMs, endedMs, end, partition } = pass
    const writes = writesTo(keyed, partition)
    const before = writes.filter(
      ({ state, offset, endedMs: ackedMs }) => state === "ok" && offset >= 0 && ackedMs < beganMs
    )
    const removable = history.keepsTombstones
      ? []
      : writes.filter(({ isTombstone, invokedMs }) => isTombstone && invokedMs <= endedMs)
    const tombstones = newestOf(removable)
    const last = newestOf(pass.records)
    const mayHaveMissed = swarm.brokers > 1 || !final.includes(pass) || endedMs - beganMs > quickMs
    return [...newestOf(before.filter(({ offset }) => offset < end)).values()].flatMap((owed) => {
      const found = last.get(owed.key)
      if (mayEndAt({ owed, last: found, mayHaveMissed }, tombstones.get(owed.key))) return []
      const instead = found === undefined ? "nothing of it" : `${told(found)}, at ${found.offset},`
      return [`${told(owed)} was acknowledged with offset ${owed.offset}; ${instead} is in ${place(pass)} to ${end}`]
    })
  })
})

/** Nobody reads to an end below what was acknowledged; while leaders change, one that has not heard of it may still answer. */
export const endsReached: Check = judging("endsReached", (keyed, { promises, swarm }) => {
  if (!promises.keepsAcksAll) return []
  const passes = swarm.brokers > 1 ? keyed.final : allPasses(keyed)
  return passes.flatMap((pass) => {
    if (!pass.isWhole) return []
    const beyond = writesTo(keyed, pass.partition).find(
      ({ state, offset, endedMs }) => state === "ok" && endedMs < pass.beganMs && offset >= pass.end
    )
    if (beyond === undefined) return []
    return [`${told(beyond)} was acknowledged with offset ${beyond.offset}; ${pass.end} is the end of ${place(pass)}`]
  })
})

const differs = (one: KeyedRecord | undefined, other: KeyedRecord | undefined): boolean =>
  one?.offset !== other?.offset || one?.value !== other?.value

const atOffset = (record: KeyedRecord | undefined): string =>
  record === undefined ? "nothing" : `${told(record)} at ${record.offset}`

/** In the end each replica has for each key what is read from the leader. */
export const newestReplicated: Check = judging("newestReplicated", (keyed, { promises }) => {
  if (!promises.keepsAcksAll) return []
  const { history, final, logs } = keyed
  return final.flatMap(({ partition, records, end, isWhole }) => {
    if (!isWhole) return []
    const written = newestOf(writesTo(keyed, partition))
    const read = newestOf(records)
    return logs
      .filter((log) => log.partition === partition)
      .flatMap(({ nodeId, records: stored }) => {
        const has = newestOf(stored.filter(({ offset }) => offset < end))
        const mayDiffer = (key: string) => !history.keepsTombstones && written.get(key)?.isTombstone === true
        return [...new Set([...read.keys(), ...has.keys()])]
          .filter((key) => differs(read.get(key), has.get(key)) && !mayDiffer(key))
          .map((key) => {
            const [there, here] = [has.get(key), read.get(key)].map(atOffset)
            return `of ${key} b${nodeId} has ${there} in ${keyedTopic}-${partition}, and ${here} is read, to ${end}`
          })
      })
  })
})
