/**
 * The frame splitter on streams that are cut anywhere. Invariant: whatever the cuts, the frames that come out are those that
 * went in, and a length that is no length is refused. Neighbours: packages/protocol/src/Frame.ts.
 */
import assert from "node:assert/strict"
import { MalformedBytes } from "@klamm/protocol/Bytes"
import { FrameSplitter } from "@klamm/protocol/Frame"
import type { Chance } from "klamm-test-crash/Chance"
import { concat } from "klamm-test-differential/Batches"
import { framed } from "klamm-test-differential/Wire"

const LIMIT_BYTES = 2_000

const pieces = (chance: Chance, bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const made: Array<Uint8Array> = []
  for (let from = 0; from < bytes.length; ) {
    const size = chance.between(0, chance.happens(0.5) ? 5 : 1_500)
    made.push(bytes.subarray(from, from + size))
    from += size
  }
  return made
}

const honest = (chance: Chance): void => {
  const bodies = Array.from({ length: chance.between(0, 6) }, () => chance.bytes(chance.between(0, 300)))
  const splitter = new FrameSplitter(LIMIT_BYTES)
  const out = pieces(chance, concat(...bodies.map(framed))).flatMap((piece) => splitter.push(piece))
  assert.deepEqual(out, bodies)
}

const noise = (chance: Chance): void => {
  const splitter = new FrameSplitter(LIMIT_BYTES)
  try {
    for (const piece of pieces(chance, chance.bytes(chance.between(0, 4_000)))) {
      for (const frame of splitter.push(piece)) assert.ok(frame.length <= LIMIT_BYTES)
    }
  } catch (cause) {
    if (!(cause instanceof MalformedBytes)) throw cause
  }
}

/** Tries streams until the time is up; answers how many. */
export const fuzzSplitter = (chance: Chance, isOver: () => boolean): number => {
  let streams = 0
  for (; !isOver(); streams++) {
    honest(chance)
    noise(chance)
  }
  return streams
}
