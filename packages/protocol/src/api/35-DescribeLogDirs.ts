/**
 * DescribeLogDirs (key 35): tells what lies in a broker's log directories and how large it is. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: a top-level error
 * - v4: sizes of the volumes (KIP-827)
 * - v5: response +isCordoned
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribableLogDirTopic = f.struct({
  topic: f.string,
  partitions: f.array(f.int32)
})
export type DescribableLogDirTopic = typeof DescribableLogDirTopic.Type

export const DescribeLogDirsRequest = message(
  "DescribeLogDirsRequest",
  { key: 35, versions: "1-5", flexible: "2+" },
  {
    topics: f.array(DescribableLogDirTopic).nulls()
  }
)
export type DescribeLogDirsRequest = typeof DescribeLogDirsRequest.Type

export const DescribeLogDirsPartition = f.struct({
  partitionIndex: f.int32,
  partitionSize: f.int64,
  offsetLag: f.int64,
  isFutureKey: f.bool
})
export type DescribeLogDirsPartition = typeof DescribeLogDirsPartition.Type

export const DescribeLogDirsTopic = f.struct({
  name: f.string,
  partitions: f.array(DescribeLogDirsPartition)
})
export type DescribeLogDirsTopic = typeof DescribeLogDirsTopic.Type

export const DescribeLogDirsResult = f.struct({
  errorCode: f.int16,
  logDir: f.string,
  topics: f.array(DescribeLogDirsTopic),
  totalBytes: f.int64.since("4+").default(-1).ignorable(),
  usableBytes: f.int64.since("4+").default(-1).ignorable(),
  isCordoned: f.bool.since("5+").ignorable()
})
export type DescribeLogDirsResult = typeof DescribeLogDirsResult.Type

export const DescribeLogDirsResponse = message(
  "DescribeLogDirsResponse",
  { key: 35, versions: "1-5", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16.since("3+").ignorable(),
    results: f.array(DescribeLogDirsResult)
  }
)
export type DescribeLogDirsResponse = typeof DescribeLogDirsResponse.Type
