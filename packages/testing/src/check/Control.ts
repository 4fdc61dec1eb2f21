/** Commits of groups, topics that were created, and what was odd by itself. */
import type { Commit } from "../History.ts"
import { type Check, committedKey, type Violation } from "./Evidence.ts"

/**
 * Whether a group may be at `offset` when it was asked after `untilMs`: at its last acknowledged commit, at a later one, or at one
 * whose answer never came, which may have arrived late.
 */
const mayBeAt = (commits: ReadonlyArray<Commit>, offset: number, untilMs: number): boolean => {
  const last = commits.findLast(({ isAcknowledged, endedMs }) => isAcknowledged && endedMs < untilMs)
  if (last === undefined) return true
  return commits.some((each) => each.offset === offset && (!each.isAcknowledged || each.invokedMs >= last.invokedMs))
}

/** An acknowledged commit stays, and what a group has committed never falls unasked. */
export const commits: Check = ({ history, committed, promises }) => {
  if (!promises.keepsAcksAll) return []
  const of = (group: string, partition: number) =>
    history.commits.filter((each) => each.group === group && each.partition === partition)
  const seen = history.committed.filter(({ group, partition, offset, invokedMs }) => {
    return !mayBeAt(of(group, partition), offset, invokedMs)
  })
  const keys = new Set(history.commits.map(({ group, partition }) => committedKey(group, partition)))
  const final = [...keys].flatMap((key): ReadonlyArray<Violation> => {
    const [group = "", partition = ""] = key.split("/")
    const offset = committed.get(key) ?? -1
    if (mayBeAt(of(group, Number(partition)), offset, Number.POSITIVE_INFINITY)) return []
    return [{ check: "commits", detail: `${key} is at ${offset} in the end, which is below an acknowledged commit` }]
  })
  return [
    ...seen.map(({ group, partition, offset }) => ({
      check: "commits",
      detail: `${committedKey(group, partition)} was at ${offset}, below an acknowledged commit`
    })),
    ...final
  ]
}

/** A topic whose creation was acknowledged is there, with its partitions. */
export const created: Check = ({ history, topics }) =>
  history.created
    .filter(({ topic, partitions }) => topics.get(topic) !== partitions)
    .map(({ topic, partitions }) => ({
      check: "created",
      detail: `${topic} was created with ${partitions} partitions and has ${topics.get(topic) ?? "none"}`
    }))

/** What clients noted where they saw it. */
export const oddities: Check = ({ history, promises, swarm }) => {
  const acksOne = swarm.producers.some(({ acks }) => acks !== -1)
  const excused = {
    sequence: !promises.keepsAcksAll || (acksOne && !promises.keepsAcksOne),
    range: !promises.keepsReads,
    answer: !promises.brokersLast,
    timestamp: !promises.clocksAgree,
    bytes: false,
    start: false
  }
  return history.oddities
    .filter(({ kind }) => !excused[kind])
    .map(({ kind, what, atMs }) => ({ check: kind, detail: `${what}, at ${atMs.toFixed(1)} ms` }))
}
