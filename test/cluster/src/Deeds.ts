/**
 * What is done to a node in a round. Invariant: when a deed is over, the node runs again. Neighbours: Rounds.ts, Nodes.ts.
 */
import type { Nodes } from "./Nodes.ts"
import type { Watch } from "./Times.ts"
import { now, sleep, until } from "./Waiting.ts"

export const KINDS = ["kill-leader", "kill-controller", "pause", "restart", "kill-two"] as const
export type Kind = (typeof KINDS)[number]

export interface Deed {
  readonly kind: Kind
  readonly node: number
  /** The second one of two. */
  readonly other: number
  readonly pauseMs: number
  /** A killed node is started again without waiting for the others to go on without it. */
  readonly atOnce: boolean
  readonly detail: string
}

/** A round that is over. */
export interface Done {
  readonly deed: Deed
  /** Who led when it was done, by partition. */
  readonly leaders: ReadonlyMap<string, number>
  readonly watch: Watch
  /** From the node's return until every partition was in sync everywhere. */
  readonly wholeMs: number
}

const WRITES_WITHIN_MS = 90_000

/** Two of three are gone: with min.insync.replicas=2 the one that is left may acknowledge nothing. */
const killTwo = async ({ node, other, pauseMs }: Deed, nodes: Nodes, watch: Watch, fault: (what: string) => void) => {
  await Promise.all([nodes.kill(node), nodes.kill(other)])
  const alone = now()
  await sleep(pauseMs)
  if (watch.latestSent > alone) {
    const after = Math.round(watch.latestSent - alone)
    fault(`brokers ${node} and ${other} were gone, and a write that was sent ${after} ms later was acknowledged`)
  }
  watch.restart()
  await Promise.all([nodes.start(node), nodes.start(other)])
}

/** `allWrite` tells whether every partition has taken a write since. */
export const perform = async (
  deed: Deed,
  nodes: Nodes,
  watch: Watch,
  allWrite: () => boolean,
  fault: (what: string) => void
): Promise<void> => {
  const { kind, node } = deed
  switch (kind) {
    case "kill-leader":
    case "kill-controller": {
      await nodes.kill(node)
      if (!deed.atOnce) {
        await until(`acknowledged writes to every partition while broker ${node} is away`, WRITES_WITHIN_MS, allWrite)
      }
      await nodes.start(node)
      return
    }
    case "pause": {
      nodes.pause(node)
      await sleep(deed.pauseMs)
      nodes.resume(node)
      return
    }
    case "restart": {
      await nodes.stop(node)
      await nodes.start(node)
      return
    }
    case "kill-two":
      return killTwo(deed, nodes, watch, fault)
  }
}
