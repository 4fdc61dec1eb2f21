/** The group coordinator: classic groups and committed offsets, kept in __consumer_offsets. */
export type { Caller, CoordinatorOptions, GroupSettings, PartitionLog } from "./Contract.ts"
export { GroupCoordinator } from "./GroupCoordinator.ts"
