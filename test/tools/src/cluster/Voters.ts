/**
 * kafka-metadata-quorum on the voters: a node that was formatted to join is added, the leader is removed and comes back, and the node
 * goes again, first from the quorum and then, dead, from the cluster.
 */
import { type Check, refused, works } from "../Tool.ts"
import { GONE, settles } from "./Asking.ts"
import { type ClusterKit, NEWCOMER } from "./ThreeNodes.ts"

const TOOL = "kafka-metadata-quorum"

const directoryOf = async (kit: ClusterKit, id: number): Promise<string> => {
  const line = new RegExp(`^${id} *\t([\\w-]{22})\t`, "m")
  const shown = await settles(kit, TOOL, [...kit.at, "describe", "--replication"], [line])
  return line.exec(shown)![1]!
}

const votersAre = async (kit: ClusterKit, ...ids: ReadonlyArray<number>): Promise<string> => {
  const voters = ids.map((id) => `\\{"id": ${id}, [^}]*\\}`).join(", ")
  return settles(kit, TOOL, [...kit.at, "describe", "--status"], [new RegExp(`^CurrentVoters: +\\[${voters}\\]$`, "m")])
}

const remove = (id: number, directoryId: string): ReadonlyArray<string> => [
  "remove-controller",
  "--controller-id",
  String(id),
  "--controller-directory-id",
  directoryId
]

const joining: Check<ClusterKit> = {
  name: "cluster: kafka-metadata-quorum add-controller",
  run: async (kit) => {
    const formatted = await kit.formatNewcomer()
    if (!/^Formatting dynamic metadata /m.test(formatted) && !/^Formatting metadata /m.test(formatted)) {
      throw new Error(`klamm storage format printed:\n${formatted}`)
    }
    await kit.start(NEWCOMER)
    const observed = new RegExp(`^${NEWCOMER} *\t.*\tObserver`, "m")
    await settles(kit, TOOL, [...kit.at, "describe", "--replication"], [observed])
    const add = ["--command-config", kit.propertiesOf(NEWCOMER), "add-controller"]
    await works(kit, TOOL, [...kit.at, ...add, "--dry-run"], [/^DRY RUN of adding controller 4/m])
    await votersAre(kit, 1, 2, 3)
    await works(kit, TOOL, [...kit.at, ...add], [/^Added controller 4 with directory id /m])
    await votersAre(kit, 1, 2, 3, NEWCOMER)
    await refused(kit, TOOL, [...kit.at, ...add], [/DuplicateVoterException/])
  }
}

const leaderLeaves: Check<ClusterKit> = {
  name: "cluster: kafka-metadata-quorum remove-controller of the leader",
  run: async (kit) => {
    const shown = await works(kit, TOOL, [...kit.at, "describe", "--status"], [/^LeaderId: +\d$/m])
    const leader = Number(/^LeaderId: +(\d)$/m.exec(shown)![1])
    const rest = [...kit.ids, NEWCOMER].filter((id) => id !== leader)
    const directoryId = await directoryOf(kit, leader)
    await works(
      kit,
      TOOL,
      [...kit.at, ...remove(leader, directoryId)],
      [new RegExp(`^Removed +KRaft controller ${leader} `, "m")]
    )
    const after = await votersAre(kit, ...rest)
    if (new RegExp(`^LeaderId: +${leader}$`, "m").test(after)) throw new Error(`${leader} still leads:\n${after}`)
    await works(
      kit,
      TOOL,
      [...kit.at, "--command-config", kit.propertiesOf(leader), "add-controller"],
      [/^Added controller /m]
    )
    await votersAre(kit, 1, 2, 3, NEWCOMER)
  }
}

const leaving: Check<ClusterKit> = {
  name: "cluster: kafka-metadata-quorum remove-controller and kafka-cluster unregister",
  run: async (kit) => {
    const directoryId = await directoryOf(kit, NEWCOMER)
    const wrong = remove(NEWCOMER, kit.directoryIdOf(1))
    await refused(kit, TOOL, [...kit.at, ...wrong], [/VoterNotFoundException/])
    await works(kit, TOOL, [...kit.at, ...remove(NEWCOMER, directoryId), "--dry-run"], [/^DRY RUN of removing /m])
    const words = [...kit.atControllers, ...remove(NEWCOMER, directoryId)]
    await works(kit, TOOL, words, [
      new RegExp(`^Removed +KRaft controller ${NEWCOMER} with directory id ${directoryId}`, "m")
    ])
    await votersAre(kit, 1, 2, 3)
    await kit.kill(NEWCOMER)
    const listed = [...kit.at, "--include-fenced-brokers"]
    const fenced = new RegExp(`^${NEWCOMER} .* fenced `, "m")
    await settles(kit, "kafka-cluster", ["list-endpoints", ...listed], [fenced])
    const gone = [new RegExp(`^Broker ${NEWCOMER} is no longer registered\\.$`, "m")]
    await works(kit, "kafka-cluster", ["unregister", ...kit.at, "--id", String(NEWCOMER)], gone, GONE)
    const left = await works(kit, "kafka-cluster", ["list-endpoints", ...listed], [], GONE)
    if (new RegExp(`^${NEWCOMER} `, "m").test(left)) throw new Error(`it is still there:\n${left}`)
  }
}

export const VOTERS: ReadonlyArray<Check<ClusterKit>> = [joining, leaderLeaves, leaving]
