/**
 * Arenas for the processes of worlds, cut from the one stretch of memory that checksums run over in place. Invariant: each life of a
 * process has a stretch to itself, filled with poison at first, so that what it reads never depends on who had it before; released
 * memory is poisoned, so that a use after release is found by a seed.
 */
import type { Arena } from "@klamm/platform/Arena"
import { makeArena, poisonByte } from "@klamm/platform/ArenaAllocator"
import { assert } from "@klamm/platform/Invariant"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"

/** What a broker or a client gets. */
export const arenaBytes = 8 * 1024 * 1024

/** Of those, what is left beside the largest request: a batch that came in it goes on in an answer, with others' words around it. */
const besideRequestBytes = 128 * 1024

/** The largest request that a broker with such an arena can take. */
export const requestLimitBytes = arenaBytes - besideRequestBytes

/** Stretches that nobody has, lowest last. Of the whole process, as the memory is. */
let free: Array<number> | undefined

const stretches = (): Array<number> => {
  if (free !== undefined) return free
  const count = Math.floor((arenaMemory().byteLength - reservedBytes) / arenaBytes)
  free = Array.from({ length: count }, (_, index) => reservedBytes + (count - 1 - index) * arenaBytes)
  return free
}

export interface Lease {
  readonly arena: Arena
  /** Nobody uses it any more. */
  readonly giveBack: () => void
}

export const leaseArena = (): Lease => {
  const from = stretches().pop()
  assert(from !== undefined, "there are arenas for all processes that live at once")
  const memory = arenaMemory()
  new Uint8Array(memory, from, arenaBytes).fill(poisonByte)
  return {
    arena: makeArena(memory, from, from + arenaBytes, { poison: true }),
    giveBack: () => {
      const all = stretches()
      all.push(from)
      all.sort((one, other) => other - one)
    }
  }
}
