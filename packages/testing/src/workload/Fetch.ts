/** One Fetch of one partition from where its leader is thought to be. Invariant: an error is told as a refusal, once the leader has been asked for anew. */
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Client, type Refusal, refused } from "./Client.ts"
import { type ReadAs, type ReadBatch, readBatchesAs } from "./Payload.ts"

export interface FetchOptions {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
  readonly decompression: Decompression
}

/** What is there at once: nothing where the offset is the end. */
export const fetchAt = <Read>(
  client: Client,
  { topic, partition, offset, maxBytes, decompression }: FetchOptions,
  readAs: ReadAs<Read>
): Effect.Effect<ReadonlyArray<ReadBatch<Read>>, Refusal> =>
  Effect.flatMap(client.findLeader(topic, partition), ({ address, epoch }) =>
    client.ask(
      address,
      { request: FetchRequest, response: FetchResponse },
      12,
      {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes,
        topics: [
          {
            topic,
            partitions: [{ partition, currentLeaderEpoch: epoch, fetchOffset: offset, partitionMaxBytes: maxBytes }]
          }
        ]
      },
      ({ responses }) => {
        const part = responses[0]?.partitions[0]
        const errorCode = part?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        const records = part?.records ?? null
        return { errorCode, batches: records === null ? [] : readBatchesAs(records, decompression, readAs) }
      }
    )
  ).pipe(
    Effect.flatMap(({ errorCode, batches }) =>
      errorCode === ErrorCode.NONE
        ? Effect.succeed(batches)
        : Effect.andThen(Effect.exit(client.refresh(topic)), Effect.fail(refused(errorCode)))
    )
  )
