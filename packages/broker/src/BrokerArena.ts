/**
 * The arena of this process, made on first use. Invariant: one for all brokers of a process, because there is one stretch of memory
 * that checksums run over in place; only where brokers of one process are to die alone does each get a part of its own.
 */
import type { Arena } from "@klamm/platform/Arena"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"
import * as Context from "effect/Context"

let arena: Arena | undefined

export const processArena = (): Arena => {
  if (arena === undefined) {
    const memory = arenaMemory()
    arena = makeArena(memory, reservedBytes, memory.byteLength)
  }
  return arena
}

/** What a broker receives into and reads with. */
export const BrokerArena = Context.Reference<Arena>("broker/BrokerArena", { defaultValue: processArena })
