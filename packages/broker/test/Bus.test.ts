/** What nodes say to one another has a handler for each key that is mounted before it is loaded. */
import { expect, it } from "@effect/vitest"
import * as ControllerBus from "@klamm/controller/Bus"
import * as QuorumBus from "@klamm/raft/Bus"
import { peerKeys } from "../src/PeerKeys.ts"

it("every private key is mounted, and no other", () => {
  const quorum = QuorumBus.handlers(
    {
      handle: () => {
        throw new Error("not asked")
      }
    },
    ({ key, name }): readonly [number, string] => [key, `Quorum.${name}`]
  )
  const { AskController } = ControllerBus
  expect([...quorum, [AskController.key, AskController.name]]).toEqual([...peerKeys])
})
