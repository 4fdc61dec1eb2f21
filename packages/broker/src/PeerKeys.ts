/**
 * The handlers of what nodes say to one another, before they are loaded. Invariant: the same keys as `Bus.ts` has; the first request
 * loads it.
 */
import { privateVersion } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import type { Handler } from "./Handler.ts"

/** Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch, FetchSnapshot, AddVoter, RemoveVoter, UpdateVoter, UpgradeVersion of the quorum; AskController. */
export const peerKeys: ReadonlyArray<number> = [
  10_001, 10_002, 10_003, 10_004, 10_005, 10_006, 10_007, 10_008, 10_009, 10_010
]

export const lazyHandlers = (load: Effect.Effect<ReadonlyMap<number, Handler>>): ReadonlyArray<Handler> =>
  peerKeys.map((key) => ({
    key,
    minVersion: privateVersion,
    maxVersion: privateVersion,
    pipelined: true,
    begin: (body, frame, context) => Effect.flatMap(load, (handlers) => handlers.get(key)!.begin(body, frame, context))
  }))
