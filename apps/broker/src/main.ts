/**
 * Where `pnpm start` begins. Compiled code is kept from one start to the next, which halves the time to the first record; the daemon
 * is imported only after that is switched on, because a module's static imports are compiled before its first line runs.
 */
import "@klamm/platform/node/CompileCache"

await import("./Daemon.ts")
