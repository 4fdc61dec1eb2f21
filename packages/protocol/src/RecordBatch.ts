/**
 * Record batches of magic 2, the unit of the log and of the wire: a 61-byte header and its records. This is the door; the
 * parts are under `recordBatch/`: the header's fields (Header.ts), walking and verifying stored batches (Batches.ts), judging
 * a producer's batch (Validate.ts), building batches (Build.ts) and control batches (Control.ts). Single records: `Record.ts`.
 */
export * from "./recordBatch/Batches.ts"
export * from "./recordBatch/Build.ts"
export * from "./recordBatch/Control.ts"
export * from "./recordBatch/Header.ts"
export * from "./recordBatch/Validate.ts"
