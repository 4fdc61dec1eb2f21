import type { PeerApi } from "@klamm/channel/PeerApi"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import * as Bus from "../src/Bus.ts"
import type { PeerResponse } from "../src/Peer.ts"
import * as VoterSet from "../src/VoterSet.ts"
import { clusterId, directoryOf, endpointsOf, fetchRequest, voteRequest } from "./support.ts"

const there = <Request, Response>(
  api: PeerApi<Request, Response>,
  request: NoInfer<Request>,
  response: NoInfer<Response>
): void => {
  expect(Result.getOrThrow(api.request.decode(api.request.encode(request)))).toEqual(request)
  expect(Result.getOrThrow(api.response.decode(api.response.encode(response)))).toEqual(response)
}

const head = { errorCode: 6, epoch: 3, leaderId: 2, leaderEndpoint: { host: "node", port: 2 } }
const replica = { id: 1, directoryId: directoryOf(1) }
const snapshotId = { endOffset: 9, epoch: 2 }

describe("the quorum on the wire", () => {
  test("every message comes out as it went in", () => {
    there(Bus.Vote, voteRequest(1, 2, 3, { preVote: true }), { _tag: "Vote", ...head, voteGranted: true })
    const begin = { clusterId, epoch: 3, leaderId: 1, leaderEndpoint: null, voter: replica }
    there(Bus.BeginQuorumEpoch, { _tag: "BeginQuorumEpoch", ...begin }, { _tag: "BeginQuorumEpoch", ...head })
    there(
      Bus.EndQuorumEpoch,
      { _tag: "EndQuorumEpoch", clusterId, epoch: 3, leaderId: 1, preferredSuccessors: [replica] },
      { _tag: "EndQuorumEpoch", ...head, leaderEndpoint: null }
    )
    const records = Uint8Array.from([1, 2, 3])
    const fetched = { ...head, highWatermark: 4, snapshotId, records }
    there(Bus.Fetch, fetchRequest(1, 3), { _tag: "Fetch", ...fetched, diverging: { epoch: 1, endOffset: 2 } })
    there(
      Bus.FetchSnapshot,
      { _tag: "FetchSnapshot", clusterId, epoch: 3, replica, snapshotId, position: 5, maxBytes: 6 },
      { _tag: "FetchSnapshot", ...head, snapshotId, sizeBytes: 7, position: 5, bytes: records }
    )
    const voter = VoterSet.voter(replica, endpointsOf(1))
    const message = "no"
    there(
      Bus.AddVoter,
      { _tag: "AddVoter", clusterId, voter, timeoutMs: 5, ackWhenCommitted: true },
      { _tag: "AddVoter", ...head, message }
    )
    there(
      Bus.RemoveVoter,
      { _tag: "RemoveVoter", clusterId, voter: replica },
      { _tag: "RemoveVoter", ...head, message }
    )
    there(Bus.UpdateVoter, { _tag: "UpdateVoter", clusterId, voter }, { _tag: "UpdateVoter", ...head, message: null })
    const upgrade = { level: 1, isUpgrade: true, validateOnly: false }
    there(
      Bus.UpgradeVersion,
      { _tag: "UpgradeVersion", clusterId, ...upgrade },
      { _tag: "UpgradeVersion", ...head, message }
    )
  })

  test("each has a key of its own, and something that answers it", () => {
    const handle = () => Effect.die("not asked")
    const keys = Bus.handlers({ handle }, ({ key }) => key)
    expect(keys).toEqual([10_001, 10_002, 10_003, 10_004, 10_005, 10_006, 10_007, 10_008, 10_009])
  })

  test("fetches, changes and votes go over connections of their own", () => {
    const asked: Array<string> = []
    const channels = (name: string) => ({
      call: (_to: unknown, api: { readonly name: string }) => {
        asked.push(`${name} ${api.name}`)
        return Effect.die("not answered")
      },
      request: () => Effect.die("not asked"),
      disconnect: () => Effect.void
    })
    const peers = Bus.quorumPeers({
      quorum: channels("quorum"),
      fetch: channels("fetch"),
      changes: channels("changes")
    })
    const to = { host: "node", port: 2 }
    const send = (request: Parameters<typeof peers.send>[1]): Effect.Effect<PeerResponse, unknown> =>
      peers.send(to, request, 5)
    void send(voteRequest(1, 2, 3))
    void send(fetchRequest(1, 3))
    void send({ _tag: "RemoveVoter", clusterId, voter: replica })
    expect(asked).toEqual(["quorum Vote", "fetch Fetch", "changes RemoveVoter"])
  })
})
