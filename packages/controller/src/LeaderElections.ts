/**
 * Elections that the controller makes by itself, from time to time (Kafka's periodic tasks): preferred leaders where others lead, and
 * leaders from outside the ISR where a topic allows it and has none. Each look makes a bounded number, and the next comes at once while
 * there is more to do.
 */
import { type MetadataRecordInput, PartitionIndex, Topics } from "@klamm/metadata"
import { ok } from "./Answer.ts"
import { partitionRules } from "./PartitionRules.ts"
import type { Checks, ControllerState, Settings } from "./State.ts"

/** Leaders that may be waiting for their turn: the preferred ones. */
export interface BalanceLeaders {
  readonly _tag: "BalanceLeaders"
}
/** Topics may have come to allow leaders that were not in sync. */
export interface ElectUncleanLeaders {
  readonly _tag: "ElectUncleanLeaders"
}

/** Elections of one look (Kafka's MAX_ELECTIONS_PER_IMBALANCE). */
export const maxElectionsPerLook = 1_000

const secondMs = 1_000

const values = (state: ControllerState, settings: Settings) => settings.snapshot(state.image).values

const balanceIntervalMs = (state: ControllerState, settings: Settings): number =>
  values(state, settings)["leader.imbalance.check.interval.seconds"] * secondMs

const uncleanIntervalMs = (state: ControllerState, settings: Settings): number =>
  values(state, settings)["unclean.leader.election.interval.ms"]

/** When a leader that begins now looks first. */
export const firstChecks = (state: ControllerState, settings: Settings, now: number): Checks => ({
  balanceAt: now + balanceIntervalMs(state, settings),
  uncleanAt: now + uncleanIntervalMs(state, settings)
})

const rescheduled =
  (change: Partial<Checks>) =>
  (state: ControllerState): ControllerState =>
    state.checks === undefined ? state : { ...state, checks: { ...state.checks, ...change } }

export const balanceLeaders = (state: ControllerState, settings: Settings, now: number) => {
  const records: Array<MetadataRecordInput> = []
  if (values(state, settings)["auto.leader.rebalance.enable"]) {
    const rules = partitionRules(state, settings)
    for (const { topic, partition } of Topics.partitionsOf(state.image.topics, PartitionIndex.imbalanced)) {
      if (records.length === maxElectionsPerLook) break
      const change = rules.change(topic, partition, {}, "preferred")
      if (change !== undefined) records.push(change)
    }
  }
  const isDone = records.length < maxElectionsPerLook
  const balanceAt = isDone ? now + balanceIntervalMs(state, settings) : now
  return { records, reply: ok, note: rescheduled({ balanceAt }) }
}

export const electUncleanLeaders = (state: ControllerState, settings: Settings, now: number) => {
  const rules = partitionRules(state, settings)
  const records: Array<MetadataRecordInput> = []
  for (const { topic, partition } of Topics.partitionsOf(state.image.topics, PartitionIndex.leaderless)) {
    if (records.length === maxElectionsPerLook) break
    const change = rules.allowsUnclean(topic) ? rules.change(topic, partition, {}) : undefined
    if (change !== undefined) records.push(change)
  }
  const isDone = records.length < maxElectionsPerLook
  const uncleanAt = isDone ? now + uncleanIntervalMs(state, settings) : now
  return { records, reply: ok, note: rescheduled({ uncleanAt }) }
}
