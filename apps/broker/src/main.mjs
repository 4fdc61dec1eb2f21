/**
 * Where `pnpm start` begins. Compiled code is kept from one start to the next (in NODE_COMPILE_CACHE, else below the system's temporary
 * directory), which halves the time to the first record. Two things depend on this file: the command is imported only after the cache
 * is switched on, because a module's static imports are compiled before its first line runs; and it is JavaScript, because
 * the first TypeScript module that no cache holds makes Node load its compiler, which costs 12 MB.
 */
import { existsSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { withoutAsyncContext } from "./AsyncContext.mjs"
import { bundlePath, entry } from "./Bundle.mjs"

enableCompileCache()
const bundle = bundlePath()
// A profile tells by their files where the time went.
const fromSources = process.argv.includes("--profile") || !existsSync(bundle)
await withoutAsyncContext(() => import(fromSources ? entry : bundle))
