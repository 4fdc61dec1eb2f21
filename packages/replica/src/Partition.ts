/**
 * The partition machine: one replica of one partition, as a leader or offline. Pure: it decides what is appended at which
 * offset, when an append is acknowledged and when the disk has to sync; `PartitionActor.ts` performs what it decides.
 *
 * Invariants: offsets are assigned in arrival order and never twice; an acknowledgement is given only once what it promises
 * holds (written for acks 0 and 1; below the high watermark and, where asked for, synced for acks=all); the high watermark
 * never moves back and never passes the log end. Roles live in their own files: `Leader.ts`, and the offline role here.
 */
import type { Machine } from "@klamm/actor"
import { none } from "@klamm/actor"
import type * as ProducerState from "@klamm/log/ProducerState"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Leader from "./Leader.ts"

/** The answer to one appended batch. `baseOffset` is -1 on errors; `logAppendTimeMs` is -1 under CreateTime. */
export interface AppendResult {
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
}

/** What the machine owes the one who asked for an append: its bytes back, and one answer. Called at most once each. */
export interface AppendTicket {
  /** The batch's memory is no longer needed. Called before or with `complete`. */
  readonly release: () => void
  readonly complete: (result: AppendResult) => void
}

/** One batch to append, with the header fields the decision needs, read once by the asker. */
export interface AppendRequest {
  readonly batch: Uint8Array
  readonly count: number
  readonly producer: ProducerState.BatchProducer | undefined
  /** The batch's largest timestamp, milliseconds. */
  readonly maxTimestamp: number
  /** -1, 0 or 1 as in Produce. */
  readonly acks: number
  /** When an acks=all append that is not yet replicated is answered REQUEST_TIMED_OUT; milliseconds. */
  readonly deadline: number
  readonly ticket: AppendTicket
}

export interface DeleteRecordsRequest {
  /** -1 asks for the high watermark. */
  readonly offset: number
  readonly complete: (result: { readonly errorCode: number; readonly lowWatermark: number }) => void
}

/** The settings of a partition that its decisions use; replaced as a whole when the topic's configs change. */
export interface PartitionSettings {
  readonly minInsyncReplicas: number
  /** An acks=all answer waits for a sync (klamm.acks.all.sync). */
  readonly syncBeforeAck: boolean
  readonly flushMessages: number
  readonly flushMs: number
  readonly logAppendTime: boolean
}

export interface LeaderAssignment {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly isr: ReadonlyArray<number>
}

/** One batch of a write: where it goes and what the log needs beside it. */
export interface WriteEntry {
  readonly request: AppendRequest
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly producersBefore: ProducerState.ProducerState
}

export type Message =
  | { readonly _tag: "Append"; readonly request: AppendRequest }
  | { readonly _tag: "Written"; readonly logEndOffset: number }
  | { readonly _tag: "Synced"; readonly offset: number }
  | { readonly _tag: "DiskFailed" }
  | { readonly _tag: "DeleteRecords"; readonly request: DeleteRecordsRequest }
  | { readonly _tag: "LogStartMoved"; readonly logStartOffset: number }
  | { readonly _tag: "Lead"; readonly assignment: LeaderAssignment }
  | { readonly _tag: "Configured"; readonly settings: PartitionSettings }
  | { readonly _tag: "Retain" }
  | { readonly _tag: "ExpireProducers"; readonly olderThanMs: number }
  | { readonly _tag: "Resign"; readonly errorCode: number }
  | { readonly _tag: "Wake" }

export type Out =
  | { readonly _tag: "Write"; readonly entry: WriteEntry; readonly leaderEpoch: number }
  | { readonly _tag: "Sync" }
  | { readonly _tag: "StartEpoch"; readonly leaderEpoch: number; readonly startOffset: number }
  | { readonly _tag: "Release"; readonly ticket: AppendTicket }
  | { readonly _tag: "Complete"; readonly ticket: AppendTicket; readonly result: AppendResult }
  | { readonly _tag: "MoveLogStart"; readonly offset: number }
  | { readonly _tag: "DeleteOldSegments"; readonly highWatermark: number }
  | {
      readonly _tag: "RecordsDeleted"
      readonly request: DeleteRecordsRequest
      readonly errorCode: number
      readonly lowWatermark: number
    }
  /** Readers may see more (or another leader): wake the long polls. */
  | { readonly _tag: "Advanced" }

export interface Offline {
  readonly _tag: "Offline"
  readonly errorCode: number
  readonly highWatermark: number
  readonly logEndOffset: number
  readonly logStartOffset: number
  readonly leaderEpoch: number
  /** As of the log end: a snapshot of them goes with the log when it is closed or led again. */
  readonly producers: ProducerState.ProducerState
}

export type State = Leader.Leader | Offline

const refuse = (request: AppendRequest, errorCode: number): ReadonlyArray<Out> => [
  { _tag: "Release", ticket: request.ticket },
  {
    _tag: "Complete",
    ticket: request.ticket,
    result: { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
  }
]

const stepOffline = (state: Offline, message: Message): readonly [State, ReadonlyArray<Out>] => {
  switch (message._tag) {
    case "Append":
      return [state, refuse(message.request, state.errorCode)]
    case "DeleteRecords":
      return [
        state,
        [{ _tag: "RecordsDeleted", request: message.request, errorCode: state.errorCode, lowWatermark: -1 }]
      ]
    default:
      return [state, none]
  }
}

/** Answers everything that waits with `errorCode` and takes no more: after a disk error, a deletion or a lost leadership. */
const goOffline = (state: Leader.Leader, errorCode: number): readonly [State, ReadonlyArray<Out>] => {
  const out: Array<Out> = []
  for (const waiting of state.waiting) {
    out.push({
      _tag: "Complete",
      ticket: waiting.ticket,
      result: { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
    })
  }
  for (const request of state.deletions) {
    out.push({ _tag: "RecordsDeleted", request, errorCode, lowWatermark: -1 })
  }
  out.push({ _tag: "Advanced" })
  const { highWatermark, logEndOffset, logStartOffset, leaderEpoch, producers } = state
  return [{ _tag: "Offline", errorCode, highWatermark, logEndOffset, logStartOffset, leaderEpoch, producers }, out]
}

export const machine: Machine<State, Message, Out> = {
  wakeAt: (state) => (state._tag === "Leader" ? Leader.wakeAt(state) : Number.POSITIVE_INFINITY),
  step: (state, message, now) => {
    if (state._tag === "Offline") return stepOffline(state, message)
    if (message._tag === "DiskFailed") return goOffline(state, ErrorCode.KAFKA_STORAGE_ERROR)
    if (message._tag === "Resign") return goOffline(state, message.errorCode)
    return Leader.step(state, message, now)
  }
}

export { refuse }
