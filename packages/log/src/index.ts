/** One partition's log, its producers, and the directory that holds many. */
export * as EpochCache from "./EpochCache.ts"
export * from "./Log.ts"
export * from "./LogConfig.ts"
export * from "./LogDirectory.ts"
export { type LogName, nameOf } from "./LogDirectoryNames.ts"
export type { CheckpointedLog } from "./OffsetCheckpoints.ts"
export * as ProducerState from "./ProducerState.ts"
