/** The group coordinator: classic groups and committed offsets, kept in __consumer_offsets. */
export type { Caller, CoordinatorOptions, GroupCoordinator, GroupSettings, PartitionLog } from "./Contract.ts"
export { make as makeGroupCoordinator } from "./GroupCoordinator.ts"
