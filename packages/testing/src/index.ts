/**
 * Testing against Klamm: `TestCluster` for tests that run in a world of their own, `startTestCluster` for real ports, `Disk` and
 * `Network` for layers of one's own; and the seeded world itself.
 */

export { Chance } from "./Chance.ts"
export * as Disk from "./Disk.ts"
export * as Network from "./Network.ts"
export { ClusterError, type PartitionView, type RawRecord } from "./Observer.ts"
export { type StartedCluster, type StartOptions, startTestCluster } from "./startTestCluster.ts"
export {
  type StoredRecord,
  TestCluster,
  type TestClusterOptions,
  type TestClusterShape
} from "./TestCluster.ts"
export type { BrokerFaults, DiskFaults, NetworkFaults, SlowPath } from "./TestFaults.ts"
export type { TestTopic, TopicName } from "./TestTopic.ts"
export { type Line, Trace } from "./Trace.ts"
export { Machine, SimProcess, World, WorldError, type WorldOptions } from "./World.ts"
