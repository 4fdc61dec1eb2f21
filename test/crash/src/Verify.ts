/**
 * Holds the broker to the ledger: reads the logs back through Fetch. A partition is right when its offsets have no gap and
 * no repeat, every checksum holds, no idempotent batch is there twice, and every acknowledged batch lies at its offset with
 * its bytes; a group when its commit
 * is at least the acknowledged one and at most the last that was sent. Neighbours: Ledger.ts, Rounds.ts.
 */
import * as Batch from "@klamm/protocol/RecordBatch"
import { Calls, type Place } from "./Calls.ts"
import { type Acknowledged, keyOf, type Ledger } from "./Ledger.ts"

export interface Verdict {
  /** Acknowledged records that were found where they belong. */
  readonly verified: number
  readonly lost: number
  readonly faults: ReadonlyArray<string>
  /** Records in the logs, acknowledged or not. */
  readonly records: number
}

const FAULTS_KEPT = 20

class Findings {
  verified = 0
  lost = 0
  records = 0
  readonly faults: Array<string> = []

  fault(what: string): void {
    if (this.faults.length < FAULTS_KEPT) this.faults.push(what)
  }
}

const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0

/** The batches in fetched bytes; a last one that is cut is left for the next fetch. */
const batchesIn = (bytes: Uint8Array): ReadonlyArray<readonly [number, number]> => {
  const ranges: Array<readonly [number, number]> = []
  let from = 0
  while (from + Batch.headerBytes <= bytes.length) {
    const to = from + Batch.sizeInBytes(bytes, from)
    if (to > bytes.length) break
    ranges.push([from, to])
    from = to
  }
  return ranges
}

/** What is known of a partition while it is read. */
interface Reading {
  readonly key: string
  readonly missing: Map<number, Acknowledged>
  /** The batches of idempotent producers that were seen, by producer and sequence. */
  readonly sequences: Set<string>
}

const checkBatch = (
  { key, missing, sequences }: Reading,
  bytes: Uint8Array,
  [from, to]: readonly [number, number],
  findings: Findings
): void => {
  const offset = Batch.baseOffset(bytes, from)
  const fault = Batch.verifyBatch(bytes, from, to)
  if (fault !== undefined) findings.fault(`${key}: the batch at ${offset} is wrong: ${fault}`)
  const sequence = `${Batch.producerId(bytes, from)} ${Batch.baseSequence(bytes, from)}`
  if (Batch.producerId(bytes, from) >= 0 && sequences.has(sequence)) {
    findings.fault(`${key}: the batch at ${offset} is there twice: producer and sequence ${sequence}`)
  }
  sequences.add(sequence)
  const promised = missing.get(offset)
  if (promised === undefined) return
  missing.delete(offset)
  if (same(promised.content, bytes.subarray(from + Batch.attributesAt, to))) findings.verified += promised.count
  else {
    findings.lost += promised.count
    findings.fault(`${key}: the batch at ${offset} is not the one that was acknowledged`)
  }
}

const checkPartition = async (calls: Calls, place: Place, ledger: Ledger, findings: Findings): Promise<void> => {
  const key = keyOf(place)
  const missing = new Map(ledger.batches.get(key))
  const reading: Reading = { key, missing, sequences: new Set() }
  let expected = 0
  for (;;) {
    let fetched = await calls.fetch(place, expected)
    await calls.until(`a leader of ${key}`, async () => {
      if (fetched.errorCode !== 0) fetched = await calls.fetch(place, expected)
      return fetched.errorCode === 0
    })
    const ranges = batchesIn(fetched.records)
    if (ranges.length === 0) break
    for (const range of ranges) {
      const offset = Batch.baseOffset(fetched.records, range[0])
      if (offset !== expected) findings.fault(`${key}: offset ${expected} is followed by ${offset}`)
      checkBatch(reading, fetched.records, range, findings)
      expected = Batch.lastOffset(fetched.records, range[0]) + 1
    }
  }
  findings.records += expected
  for (const lost of missing.values()) {
    findings.lost += lost.count
    findings.fault(
      `${key}: ${lost.count} acknowledged records at ${lost.baseOffset} are gone; the log ends at ${expected}`
    )
  }
}

const checkCommits = async (calls: Calls, ledger: Ledger, findings: Findings): Promise<void> => {
  for (const [group, commit] of ledger.commits) {
    await calls.coordinator(group)
    const { offset, metadata } = await calls.committed(group, commit.place)
    if (offset < commit.acknowledged || offset > commit.attempted) {
      findings.fault(`${group}: committed ${commit.acknowledged} (sent ${commit.attempted}), found ${offset}`)
      if (offset < commit.acknowledged) findings.lost += 1
    } else if (offset >= 0 && metadata !== `at ${offset}`)
      findings.fault(`${group}: ${offset} has metadata ${metadata}`)
  }
}

/** Reads everything back. */
export const verify = async (address: string, ledger: Ledger): Promise<Verdict> => {
  const findings = new Findings()
  const calls = await Calls.open(address)
  try {
    for (const place of ledger.places.values()) await checkPartition(calls, place, ledger, findings)
    await checkCommits(calls, ledger, findings)
  } finally {
    calls.close()
  }
  for (const contradiction of ledger.contradictions) findings.fault(contradiction)
  return findings
}
