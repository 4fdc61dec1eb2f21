/**
 * A partition of the offsets topic as the group coordinator sees it: append until committed, and load from the start. Invariant: what
 * is answered as appended is as durable as a producer's acks=all.
 */
import { Reply } from "@klamm/actor"
import type { PartitionLog } from "@klamm/coordinator"
import type { Log } from "@klamm/log"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { AppendResult } from "@klamm/replica/Partition"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Bytes read at a time while groups are loaded. */
const loadBytes = 1024 * 1024

const allReplicas = -1

interface Appended {
  readonly errorCode: number
  readonly baseOffset: number
}

const append = ({ actor }: PartitionActor, batch: Uint8Array): Effect.Effect<Appended> =>
  Effect.flatMap(Clock.currentTimeMillis, (appendTimeMs): Effect.Effect<Appended> => {
    const reply = new Reply<AppendResult>()
    const told = actor.tell({
      _tag: "Append",
      request: {
        batch,
        count: RecordBatch.count(batch, 0),
        producer: undefined,
        maxTimestamp: RecordBatch.maxTimestamp(batch, 0),
        acks: allReplicas,
        appendTimeMs,
        deadline: Number.POSITIVE_INFINITY,
        ticket: { release: () => undefined, complete: (result) => reply.complete(result) }
      }
    })
    return told ? reply.await : Effect.succeed({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 })
  })

const unreadable = (log: Log, reason: unknown): Effect.Effect<never> =>
  Effect.andThen(Effect.logError(`groups can't be loaded from ${log.directory}`, reason), Effect.never)

/**
 * Groups that can't be read whole are not served at all: after a read error the loading never ends, and the groups answer that they
 * are being loaded until another leader, or this one after a restart, can.
 */
const load = ({ log }: PartitionActor, onBatch: (batch: Uint8Array) => void): Effect.Effect<void> =>
  Effect.gen(function* () {
    let offset = log.logStartOffset
    const end = log.logEndOffset
    while (offset < end) {
      const read = yield* log.read({
        offset,
        maxBytes: loadBytes,
        upToOffset: end,
        minOneBatch: true,
        allocate: (sizeBytes) => new Uint8Array(sizeBytes)
      })
      if (read === "none") return yield* unreadable(log, `nothing at ${offset}`)
      const { bytes } = read
      let next = offset
      RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
        if (RecordBatch.lastOffset(bytes, at) < offset) return
        onBatch(bytes.subarray(at, at + sizeBytes))
        next = RecordBatch.lastOffset(bytes, at) + 1
      })
      if (next === offset) return yield* unreadable(log, `no batch at ${offset}`)
      offset = next
    }
  }).pipe(Effect.catch((error) => unreadable(log, error)))

export const partitionLog = (partition: PartitionActor): PartitionLog => ({
  append: (batch) => append(partition, batch),
  load: (onBatch) => load(partition, onBatch)
})
