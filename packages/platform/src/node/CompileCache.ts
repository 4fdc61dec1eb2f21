/**
 * Keeps compiled code from one start to the next: importing this module switches it on, for modules compiled from then on. Static
 * imports are compiled before any line runs, so an entry point imports this and loads the rest with `await import`. The cache is
 * the user's own (NODE_COMPILE_CACHE, else a directory below the system's temporary one); where none can be had, code is merely
 * compiled anew. Other processes need not do the same.
 */
import { enableCompileCache } from "node:module"

enableCompileCache()
