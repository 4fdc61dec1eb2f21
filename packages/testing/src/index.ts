/** The seeded world: whole brokers in one process on simulated disks, networks and clocks. */
export { Chance } from "./Chance.ts"
export { Trace } from "./Trace.ts"
export { Machine, SimProcess, World, WorldError, type WorldOptions } from "./World.ts"
