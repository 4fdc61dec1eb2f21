/**
 * The arena of this process, made on first use. Invariant: one for all brokers of a process, because there is one stretch of memory
 * that checksums run over in place.
 */
import type { Arena } from "@klamm/platform/Arena"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"

let arena: Arena | undefined

export const processArena = (): Arena => {
  if (arena === undefined) {
    const memory = arenaMemory()
    arena = makeArena(memory, reservedBytes, memory.byteLength)
  }
  return arena
}
