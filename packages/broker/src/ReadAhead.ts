/**
 * What the next fetch of a consumer's session will ask for, read while the client is still busy with the last answer (decision 0013). A
 * client that catches up asks for more when it has taken apart what it got, and would wait for the disk and the checksum each time.
 *
 * Invariants: only a client that comes back soon is read ahead for, and less often the more was in vain; what was read is given back
 * when it isn't asked for within `keptMs`; at most one answer's worth is held for a session; what was read before a truncation is given
 * to nobody, and whatever else an answer says is as of now.
 */
import { Reply } from "@klamm/actor"
import type { Arena } from "@klamm/platform/Arena"
import type { PartitionRead, ReadRequest } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import type { Found } from "./FetchReads.ts"
import type { CachedPartition, FetchPartition } from "./FetchSessions.ts"

/** What was read is kept for so long; who takes longer from one fetch to the next is not read ahead for. Milliseconds. */
export const keptMs = 100

/** When more than this part of the arena is in use, nothing is read ahead. */
const arenaShare = 0.5

/** After misses in a row, 2, 4, … and at most 2 to the power of this many answers pass before the next try. */
const maxMisses = 6

/** What a partition will be asked for. */
export interface Expected {
  readonly member: CachedPartition
  readonly asked: FetchPartition
}

/** What of a partition tells whether it is still what was read. */
interface Source {
  readonly log: { readonly cuts: number }
}

/** What was read, of which log, and as of how many of its truncations. */
export interface Ahead {
  readonly log: Source["log"]
  readonly cuts: number
  readonly request: Pick<ReadRequest, "reader" | "readCommitted" | "fetchOffset">
  readonly read: PartitionRead
}

/** Reads what a partition will be asked for, beside `bytes` that others gave; undefined when nothing has to be read for it. */
export type ReadNext = (asked: FetchPartition, bytes: number) => Effect.Effect<Ahead | undefined>

/** What the session will ask for next; nothing when the client got all there was. */
export const expectedAfter = (
  turns: ReadonlyArray<CachedPartition>,
  found: ReadonlyMap<CachedPartition, Found>
): ReadonlyArray<Expected> => {
  const goesOn = [...found.values()].some(({ read }) => read.aheadFrom >= 0)
  if (!goesOn) return []
  return turns.flatMap((member): ReadonlyArray<Expected> => {
    const read = found.get(member)?.read
    if (read === undefined || read.records.byteLength === 0) return [{ member, asked: member.request }]
    return read.aheadFrom < 0 ? [] : [{ member, asked: { ...member.request, fetchOffset: read.aheadFrom } }]
  })
}

export class ReadAhead {
  private readonly reads = new Map<CachedPartition, Ahead>()
  private resumed = new Reply<void>()
  private done: Reply<void> | undefined
  private fetchedMs = Number.NEGATIVE_INFINITY
  private isQuick = false
  private taken = 0
  private misses = 0
  /** Answers that pass before the next try. */
  private rest = 0

  /** The session's next fetch is here: nothing more is begun, and what is being read is waited for. Monotonic milliseconds. */
  resume(receivedMs: number): Effect.Effect<void> {
    this.isQuick = receivedMs - this.fetchedMs <= keptMs
    this.fetchedMs = receivedMs
    this.taken = 0
    if (!this.resumed.isCompleted) this.resumed.complete(undefined)
    return this.done === undefined ? Effect.void : this.done.await
  }

  /** What was read for this very request, once; it is the caller's to release. There have to be records to read. */
  take(member: CachedPartition, source: Source, request: ReadRequest): PartitionRead | undefined {
    const ahead = this.reads.get(member)
    if (ahead === undefined || !isFor(ahead, source, request)) return undefined
    this.reads.delete(member)
    this.taken += 1
    return ahead.read
  }

  /** The fetch has taken what it could use: what is left over was in vain. */
  settle(): void {
    const left = this.reads.size
    this.release()
    if (left > this.taken) {
      this.misses = Math.min(this.misses + 1, maxMisses)
      this.rest = 2 ** this.misses
    } else if (this.taken > 0) this.misses = 0
  }

  /** Whether to read ahead after this answer. */
  isWorthIt(arena: Pick<Arena, "usedBytes" | "limitBytes">): boolean {
    if (this.rest > 0) {
      this.rest -= 1
      return false
    }
    return this.isQuick && arena.usedBytes < arenaShare * arena.limitBytes
  }

  /** Reads what is expected, up to `maxBytes`, and keeps it until the session's next fetch or for `keptMs`. */
  read(expected: ReadonlyArray<Expected>, readNext: ReadNext, maxBytes: number): Effect.Effect<void> {
    const resumed = new Reply<void>()
    const done = new Reply<void>()
    const from = (index: number, bytes: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const next = expected[index]
        if (next === undefined || bytes >= maxBytes || resumed.isCompleted) return Effect.void
        return Effect.flatMap(readNext(next.asked, bytes), (ahead) => {
          if (ahead === undefined) return from(index + 1, bytes)
          this.keep(next.member, ahead)
          return Effect.andThen(Effect.yieldNow, from(index + 1, bytes + ahead.read.records.byteLength))
        })
      })
    const all = Effect.suspend(() => {
      this.resumed = resumed
      this.done = done
      return Effect.andThen(Effect.yieldNow, from(0, 0))
    })
    const kept = Effect.suspend(() => {
      done.complete(undefined)
      return Effect.raceFirst(resumed.await, Effect.sleep(keptMs))
    })
    const end = Effect.sync(() => {
      if (!done.isCompleted) done.complete(undefined)
      if (!resumed.isCompleted) this.release()
    })
    return Effect.ensuring(Effect.andThen(all, kept), end)
  }

  private keep(member: CachedPartition, ahead: Ahead): void {
    this.reads.get(member)?.read.release()
    this.reads.set(member, ahead)
  }

  /** Gives back what is left. */
  release(): void {
    for (const { read } of this.reads.values()) read.release()
    this.reads.clear()
  }
}

/** Whether it is what a read would bring now, or what one a moment ago would have brought. An odd count: a truncation is under way. */
export const isFor = (ahead: Ahead, { log }: Source, request: ReadRequest): boolean =>
  ahead.log === log &&
  ahead.cuts === log.cuts &&
  ahead.cuts % 2 === 0 &&
  ahead.request.reader === request.reader &&
  ahead.request.readCommitted === request.readCommitted &&
  ahead.request.fetchOffset === request.fetchOffset &&
  ahead.read.records.byteLength <= request.maxBytes
