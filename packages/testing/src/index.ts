/** The seeded world: whole brokers in one process on simulated disks, networks and clocks. */

export { Chance } from "./Chance.ts"
export * as Disk from "./Disk.ts"
export * as Network from "./Network.ts"
export { ClusterError, type PartitionView, type RawRecord } from "./Observer.ts"
export { type StartedCluster, type StartOptions, startTestCluster } from "./startTestCluster.ts"
export { TestCluster, type TestClusterOptions, type TestTopic, type TopicName } from "./TestCluster.ts"
export { Trace } from "./Trace.ts"
export { Machine, SimProcess, World, WorldError, type WorldOptions } from "./World.ts"
