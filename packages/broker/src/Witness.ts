/**
 * Who looks at a node from outside while it runs: the worlds of `@klamm/testing`, which judge what nodes believe against what is on
 * their disks. Invariant: a witness is shown published state and changes nothing; a node that nobody watches shows itself to nobody.
 */
import type { ControllerNode } from "@klamm/controller"
import type { GroupCoordinator } from "@klamm/coordinator"
import type { Replicas } from "@klamm/replica"
import * as Context from "effect/Context"
import type { MetadataFollower } from "./MetadataFollower.ts"

/** The half that every node has. */
export interface ControlShown {
  readonly controller: ControllerNode.ControllerNode
  readonly follower: MetadataFollower
}

/** The half of a broker. */
export interface NodeShown {
  readonly replicas: Replicas.Replicas
  readonly coordinator: GroupCoordinator
  /** Of its present life; -1 before it is registered. */
  readonly brokerEpoch: () => number
}

export interface Witness {
  readonly control: (shown: ControlShown) => void
  /** The node's part in the quorum has failed for good: what it published last is nobody's belief any more. */
  readonly quorumFailed: () => void
  readonly node: (shown: NodeShown) => void
}

const nobody: Witness = { control: () => undefined, quorumFailed: () => undefined, node: () => undefined }

export const NodeWitness = Context.Reference<Witness>("broker/NodeWitness", { defaultValue: () => nobody })
