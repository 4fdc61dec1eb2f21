/**
 * The handlers of what nodes say to one another, before they are loaded. Invariant: the same keys as `Bus.ts` has; the first request
 * loads it.
 */
import { Reader } from "@klamm/protocol/Bytes"
import { privateVersion } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import { begunBy, type Handler } from "./Handler.ts"

/** What the quorum's nodes ask one another, and what the controller is asked. */
export const peerKeys: ReadonlyMap<number, string> = new Map([
  [10_001, "Quorum.Vote"],
  [10_002, "Quorum.BeginQuorumEpoch"],
  [10_003, "Quorum.EndQuorumEpoch"],
  [10_004, "Quorum.Fetch"],
  [10_005, "Quorum.FetchSnapshot"],
  [10_006, "Quorum.AddVoter"],
  [10_007, "Quorum.RemoveVoter"],
  [10_008, "Quorum.UpdateVoter"],
  [10_009, "Quorum.UpgradeVersion"],
  [10_010, "AskController"]
])

const givenBack = (): void => undefined

/** What was received is copied while they are loaded, and given back at once. */
export const lazyHandlers = (load: Effect.Effect<ReadonlyMap<number, Handler>>): ReadonlyArray<Handler> => {
  let loaded: ReadonlyMap<number, Handler> | undefined
  const begin =
    (key: number): Handler["begin"] =>
    (body, frame, context) => {
      if (loaded !== undefined) return loaded.get(key)!.begin(body, frame, context)
      const bytes = body.view(body.remaining).slice()
      frame.release()
      return Effect.flatMap(load, (handlers) => {
        loaded = handlers
        return begunBy(handlers.get(key)!.begin(new Reader(bytes), { bytes, release: givenBack }, context))
      })
    }
  return [...peerKeys].map(([key, name]) => ({
    key,
    name,
    minVersion: privateVersion,
    maxVersion: privateVersion,
    pipelined: true,
    begin: begin(key)
  }))
}
