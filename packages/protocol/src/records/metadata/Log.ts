/**
 * Records about the metadata log itself: transactions of records (KIP-868), producer id blocks, the no-op that keeps the
 * log moving, and the mark of a migration. Each is stored behind a frame version, its type (the key here) and its
 * version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const BeginTransactionRecord = message(
  "BeginTransactionRecord",
  { key: 23, versions: "0", flexible: "0+" },
  {
    name: f.string.nulls().default(null).tagged(0, "0+")
  }
)
export type BeginTransactionRecord = typeof BeginTransactionRecord.Type

export const EndTransactionRecord = message("EndTransactionRecord", { key: 24, versions: "0", flexible: "0+" }, {})
export type EndTransactionRecord = typeof EndTransactionRecord.Type

export const AbortTransactionRecord = message(
  "AbortTransactionRecord",
  { key: 25, versions: "0", flexible: "0+" },
  {
    reason: f.string.nulls().default(null).tagged(0, "0+")
  }
)
export type AbortTransactionRecord = typeof AbortTransactionRecord.Type

export const NoOpRecord = message("NoOpRecord", { key: 20, versions: "0", flexible: "0+" }, {})
export type NoOpRecord = typeof NoOpRecord.Type

export const ProducerIdsRecord = message(
  "ProducerIdsRecord",
  { key: 15, versions: "0", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64.default(-1),
    nextProducerId: f.int64
  }
)
export type ProducerIdsRecord = typeof ProducerIdsRecord.Type

export const ZkMigrationStateRecord = message(
  "ZkMigrationStateRecord",
  { key: 21, versions: "0", flexible: "0+" },
  {
    zkMigrationState: f.int8
  }
)
export type ZkMigrationStateRecord = typeof ZkMigrationStateRecord.Type
