/** The seams (disk, network, arena, time, chance) and what stands behind them in memory. The live layers are in `node/`. */
export * from "./Arena.ts"
export * from "./ArenaAllocator.ts"
export * from "./Disk.ts"
export * as Entropy from "./Entropy.ts"
export * from "./Invariant.ts"
export * as Moment from "./Moment.ts"
export * from "./Network.ts"
