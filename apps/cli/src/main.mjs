/**
 * Where `pnpm klamm` begins. Compiled code is kept from one start to the next, so the command is imported only after the cache is
 * switched on: a module's static imports are compiled before its first line runs.
 */
import { enableCompileCache } from "node:module"

enableCompileCache()
await import("./Cli.ts")
