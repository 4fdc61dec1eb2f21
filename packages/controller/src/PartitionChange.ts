/**
 * The one place that says what becomes of a partition when its ISR, its replicas or who is alive change (KIP-455, KIP-966; Kafka's
 * PartitionChangeBuilder): a reassignment that is complete ends, the ELR is kept, a leader is found, and the record that says so is
 * built; or none, where nothing changes.
 *
 * Invariants: a leader is in the ISR; ISR and ELR are of the replicas and disjoint; a replica is in the ELR only while the ISR is
 * smaller than min.insync.replicas, because the high watermark stands still then. Without ELRs the ISR is never empty; with them it is
 * where all of its members are gone. The leader epoch rises with each change of leader, and when a replica is no longer one.
 */
import { type MetadataRecordInput, Topics } from "@klamm/metadata"

/** What the partition is to become; what is left out stays as it is. */
export interface Target {
  readonly isr?: ReadonlyArray<number>
  readonly replicas?: ReadonlyArray<number>
  readonly addingReplicas?: ReadonlyArray<number>
  readonly removingReplicas?: ReadonlyArray<number>
  /** Log directories by broker id, where they change. */
  readonly directories?: ReadonlyMap<number, string>
  /** Replicas that may have lost what they had: they are not eligible. */
  readonly unclean?: ReadonlySet<number>
  /** A replica that began anew with nothing: unless it is in sync again, it is neither eligible nor the last known to have had all. */
  readonly emptied?: number
  readonly leaderRecoveryState?: number
}

/** `preferred`: the first replica if it may lead. `unclean`: whoever is alive, where nobody may lead otherwise. */
export type Election = "preferred" | "online" | "unclean"

/** What holds for the topic and the cluster. */
export interface Rules {
  readonly minIsr: number
  readonly isElrEnabled: boolean
  readonly election: Election
  /** Whether a broker could lead with its replica in that log directory: alive, staying, the directory online. */
  readonly canLead: (brokerId: number, directory: string) => boolean
  /** The log directory of a new replica. */
  readonly defaultDirectory: (brokerId: number) => string
}

export type PartitionChange = Extract<MetadataRecordInput, { readonly _tag: "PartitionChange" }>
type Ids = ReadonlyArray<number>

/** The partition's members as they are to be. */
interface Members {
  readonly isr: Ids
  readonly replicas: Ids
  readonly addingReplicas: Ids
  readonly removingReplicas: Ids
}

const noLeader = -1

const without = (ids: Ids, others: Ids): Ids => ids.filter((id) => !others.includes(id))
const isSame = (one: ReadonlyArray<unknown>, other: ReadonlyArray<unknown>): boolean =>
  one.length === other.length && one.every((each, index) => each === other[index])

/** A reassignment is complete once every replica that stays is in sync. */
const completed = (members: Members): Members => {
  const { addingReplicas, removingReplicas } = members
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return members
  const isr = without(members.isr, removingReplicas)
  const replicas = without(members.replicas, removingReplicas)
  const isComplete = replicas.length > 0 && replicas.every((id) => isr.includes(id))
  return isComplete ? { isr, replicas, addingReplicas: [], removingReplicas: [] } : members
}

/** Those that have left the ISR since it fell below the minimum, and have all that was committed. */
const eligible = (candidates: Ids, { isr, replicas }: Members, rules: Rules): Ids => {
  if (!rules.isElrEnabled || isr.length >= Math.min(rules.minIsr, replicas.length)) return []
  return [...new Set(candidates)].filter((id) => replicas.includes(id) && !isr.includes(id))
}

interface Elected {
  readonly leader: number
  readonly isUnclean: boolean
}

const elect = (
  before: Topics.Partition,
  { isr, replicas }: Members,
  elr: Ids,
  remembered: Ids,
  rules: Rules,
  isUp: (id: number) => boolean
): Elected => {
  const mayLead = (id: number): boolean => (isr.includes(id) || (isr.length === 0 && elr.includes(id))) && isUp(id)
  const clean = (leader: number): Elected => ({ leader, isUnclean: false })
  if (rules.election === "preferred" && mayLead(replicas[0]!)) return clean(replicas[0]!)
  if (mayLead(before.leader)) return clean(before.leader)
  const next = replicas.find(mayLead)
  if (next !== undefined) return clean(next)
  const [lastKnown, another] = remembered
  const isLastHope = rules.isElrEnabled && isr.length === 0 && elr.length === 0
  // Nobody is left who is known to have everything: whoever led last has at least all that was acknowledged while it led.
  if (
    isLastHope &&
    lastKnown !== undefined &&
    another === undefined &&
    replicas.includes(lastKnown) &&
    isUp(lastKnown)
  ) {
    return { leader: lastKnown, isUnclean: true }
  }
  const alive = rules.election === "unclean" ? replicas.find(isUp) : undefined
  return alive === undefined ? clean(noLeader) : { leader: alive, isUnclean: true }
}

/** With ELRs the last leader is remembered while there is none; of a partition that had none as they came, the last in sync. */
const lastKnown = (before: Topics.Partition, leader: number, isr: Ids, rules: Rules): Ids => {
  if (!rules.isElrEnabled || leader !== noLeader) return []
  if (before.leader !== noLeader) return [before.leader]
  const isForgotten = before.lastKnownElr.length === 0 && isr.length === 0
  return isForgotten ? before.isr.slice(0, 1) : before.lastKnownElr
}

const besides = (ids: Ids, emptied: number | undefined): Ids => ids.filter((id) => id !== emptied)

const ifChanged = <A>(before: ReadonlyArray<A>, after: ReadonlyArray<A>): ReadonlyArray<A> | null =>
  isSame(before, after) ? null : after

const directoriesOf = (
  before: Topics.Partition,
  target: Target,
  replicas: Ids,
  rules: Rules
): ReadonlyArray<string> => {
  const known = new Map(before.replicas.map((id, index) => [id, before.directories[index]]))
  return replicas.map((id) => target.directories?.get(id) ?? known.get(id) ?? rules.defaultDirectory(id))
}

/** The ISR, the ELR and the leader that come of it. */
const settle = (
  before: Topics.Partition,
  target: Target,
  members: Members,
  directories: ReadonlyArray<string>,
  rules: Rules
) => {
  const had = besides([...before.eligibleLeaderReplicas, ...before.isr], target.emptied)
  const candidates = had.filter((id) => target.unclean?.has(id) !== true)
  const elr = eligible(candidates, members, rules)
  const directory = new Map(members.replicas.map((id, index) => [id, directories[index]!]))
  const remembered = besides(before.lastKnownElr, target.emptied)
  const { leader, isUnclean } = elect(before, members, elr, remembered, rules, (id) => {
    const where = directory.get(id)
    return where !== undefined && rules.canLead(id, where)
  })
  if (isUnclean) return { leader, isr: [leader], elr: [], leaderRecoveryState: Topics.recovery.recovering }
  const leaderRecoveryState = target.leaderRecoveryState ?? before.leaderRecoveryState
  if (leader !== noLeader && members.isr.length === 0) {
    // Elected from the ELR. The others stay eligible only while this one alone can't move the high watermark.
    const isr = [leader]
    return { leader, isr, elr: eligible(elr, { ...members, isr }, rules), leaderRecoveryState }
  }
  const isr = members.isr.length === 0 && !rules.isElrEnabled ? before.isr : members.isr
  return { leader, isr, elr, leaderRecoveryState }
}

/** The record that makes the partition what the target says, or undefined where it is so already. */
export const partitionChange = (
  topicId: string,
  before: Topics.Partition,
  target: Target,
  rules: Rules
): PartitionChange | undefined => {
  const members = completed({
    isr: target.isr ?? before.isr,
    replicas: target.replicas ?? before.replicas,
    addingReplicas: target.addingReplicas ?? before.addingReplicas,
    removingReplicas: target.removingReplicas ?? before.removingReplicas
  })
  const { replicas, addingReplicas, removingReplicas } = members
  const directories = directoriesOf(before, target, replicas, rules)
  const { leader, isr, elr, leaderRecoveryState } = settle(before, target, members, directories, rules)
  // A replica that is none any more must not be followed or read under the epoch in which it was one.
  const losesReplica = before.replicas.some((id) => !replicas.includes(id))
  const change = {
    isr: ifChanged(before.isr, isr),
    leader: leader !== before.leader || losesReplica ? leader : Topics.noLeaderChange,
    replicas: ifChanged(before.replicas, replicas),
    removingReplicas: ifChanged(before.removingReplicas, removingReplicas),
    addingReplicas: ifChanged(before.addingReplicas, addingReplicas),
    directories: ifChanged(before.directories, directories),
    eligibleLeaderReplicas: ifChanged(before.eligibleLeaderReplicas, elr),
    lastKnownElr: ifChanged(before.lastKnownElr, besides(lastKnown(before, leader, isr, rules), target.emptied))
  }
  const recovers = leaderRecoveryState !== before.leaderRecoveryState
  const isChanged = recovers || change.leader !== Topics.noLeaderChange
  if (!isChanged && Object.values(change).every((each) => each === null || each === Topics.noLeaderChange))
    return undefined
  return {
    _tag: "PartitionChange",
    topicId,
    partitionId: before.index,
    ...change,
    ...(recovers ? { leaderRecoveryState } : {})
  }
}
