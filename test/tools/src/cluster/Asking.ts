/**
 * What the checks of a cluster ask again and again. Invariant: what takes a while to be seen is waited for, for a limited time; a node
 * that was killed is no complaint of a tool. Neighbours: ../Tool.ts, ThreeNodes.ts.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type RunOptions, works } from "../Tool.ts"
import type { ClusterKit } from "./ThreeNodes.ts"

const SETTLED_WITHIN_MS = 60_000

/** What tools say of a broker that does not answer, and of a leader that has just changed: they go on. */
export const GONE: RunOptions = {
  tolerates:
    /WARN .*(?:Connection to node|Bootstrap broker|disconnected|NOT_LEADER_OR_FOLLOWER|LEADER_NOT_AVAILABLE|NOT_ENOUGH_REPLICAS|COORDINATOR|Received invalid metadata error|NETWORK_EXCEPTION)/
}

/** Works in the end, and prints then what is expected. */
export const settles = async (
  kit: ClusterKit,
  tool: string,
  args: ReadonlyArray<string>,
  expected: ReadonlyArray<RegExp>
): Promise<string> => {
  const from = performance.now()
  for (;;) {
    try {
      return await works(kit, tool, args, expected, GONE)
    } catch (cause) {
      if (performance.now() - from > SETTLED_WITHIN_MS) throw cause
    }
  }
}

/** The leader and the in-sync replicas of a partition, as kafka-topics tells them. */
export const settledAt = (
  kit: ClusterKit,
  topic: string,
  partition: number,
  leader: string,
  isr: string,
  at: ReadonlyArray<string> = kit.at
): Promise<string> => {
  const line = new RegExp(`\\tTopic: ${topic}\\tPartition: ${partition}\\tLeader: ${leader}\\t.*\\tIsr: ${isr}\\t`)
  return settles(kit, "kafka-topics", [...at, "--describe", "--topic", topic], [line])
}

export const leaderOf = async (kit: ClusterKit, topic: string): Promise<number> => {
  const shown = await works(kit, "kafka-topics", [...kit.at, "--describe", "--topic", topic], [], GONE)
  return Number(/\tPartition: 0\tLeader: (\d+)\t/.exec(shown)?.[1])
}

/** Every replica of every topic is in sync. */
export const allInSync = async (kit: ClusterKit): Promise<void> => {
  await settles(kit, "kafka-topics", [...kit.at, "--describe", "--under-replicated-partitions"], [/^\s*$/])
}

export const endOf = async (kit: ClusterKit, topic: string): Promise<number> => {
  const shown = await works(kit, "kafka-get-offsets", [...kit.at, "--topic", topic], [], GONE)
  return [...shown.matchAll(/:\d+:(\d+)$/gm)].reduce((sum, [, end]) => sum + Number(end), 0)
}

/** A file in the kit's folder. */
export const file = async (kit: ClusterKit, name: string, content: string): Promise<string> => {
  const path = join(kit.folder, name)
  await writeFile(path, content)
  return path
}
