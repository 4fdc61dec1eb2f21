/**
 * Finds the moments at which a disk may be lost: every broker says that all replicas of all partitions are in sync. Invariant: one such
 * moment is good for one disk, as the next is found only once what was lost is there again.
 */

import type { Address } from "@klamm/platform/Network"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import * as Effect from "effect/Effect"
import type { Client } from "./Client.ts"

export interface SurgeonOptions {
  readonly client: Client
  readonly brokers: ReadonlyArray<Address>
  /** Whether it matters now. */
  readonly isWanted: () => boolean
  /** What is done then. */
  readonly inSync: Effect.Effect<void>
  readonly isStopping: () => boolean
}

const lookMs = 50

const body = {
  topics: null,
  allowAutoTopicCreation: false,
  includeTopicAuthorizedOperations: false,
  includeClusterAuthorizedOperations: false
}

/** Whether the broker believes that everything is everywhere. */
const seesAllInSync = (client: Client, broker: Address) =>
  client.ask(broker, { request: MetadataRequest, response: MetadataResponse }, 12, body, ({ topics }) =>
    topics.every(({ partitions }) =>
      partitions.every(({ replicaNodes, isrNodes }) => replicaNodes.length === isrNodes.length)
    )
  )

const areAllInSync = ({ client, brokers }: SurgeonOptions): Effect.Effect<boolean> =>
  Effect.matchEffect(
    Effect.forEach(brokers, (broker) => seesAllInSync(client, broker), { concurrency: "unbounded" }),
    { onFailure: () => Effect.succeed(false), onSuccess: (seen) => Effect.succeed(seen.every((each) => each)) }
  )

export const runSurgeon = (options: SurgeonOptions): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (options.isStopping()) return Effect.void
    const operate = options.isWanted()
      ? Effect.flatMap(areAllInSync(options), (safe) => (safe ? options.inSync : Effect.void))
      : Effect.void
    return Effect.andThen(
      operate,
      Effect.andThen(
        Effect.sleep(lookMs),
        Effect.suspend(() => runSurgeon(options))
      )
    )
  })
