/** The shell that every actor stands on. */
export * from "./Actor.ts"
export * from "./Decider.ts"
export * from "./DeciderMachine.ts"
export * from "./Machine.ts"
export * from "./Reply.ts"
