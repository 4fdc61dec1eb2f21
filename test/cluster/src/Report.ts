/** What a run of rounds tells: a line for a person, an object for a machine. Neighbours: Rounds.ts, Times.ts. */
import { type Done, KINDS, type Kind } from "./Deeds.ts"
import { printForeign } from "./Foreign.ts"
import type { Outcome } from "./Rounds.ts"
import { printSpread, type Spread, spread } from "./Times.ts"

/** The times of one kind of deed, in milliseconds. */
interface KindReport {
  readonly rounds: number
  /** From the deed to the next acknowledged write, of each partition that the node led. */
  readonly led: Spread
  /** The same of the partitions that others led. */
  readonly others: Spread
  /** The longest time between two acknowledged writes in a round, of the partitions that it led. */
  readonly longest: Spread
  /** From the deed to the next write of the controller. */
  readonly controller: Spread
  /** From the node's return until all was in sync. */
  readonly whole: Spread
}

const reportOf = (rounds: ReadonlyArray<Done>): KindReport => {
  const times = (which: "next" | "longest", led: boolean): ReadonlyArray<number> =>
    rounds.flatMap(({ deed, leaders, watch }) =>
      [...watch[which]].filter(([key]) => (leaders.get(key) === deed.node) === led).map(([, ms]) => ms)
    )
  return {
    rounds: rounds.length,
    led: spread(times("next", true)),
    others: spread(times("next", false)),
    longest: spread(times("longest", true)),
    controller: spread(rounds.flatMap(({ watch }) => watch.nextControllerWrite ?? [])),
    whole: spread(rounds.map(({ wholeMs }) => wholeMs))
  }
}

const isKill = (kind: Kind): boolean => kind === "kill-leader" || kind === "kill-controller"

export const report = (outcome: Outcome, name: string, seed: number): void => {
  const kinds = new Map<string, KindReport>()
  for (const kind of KINDS) {
    // A node that comes back at once may lead again before the others went on without it: another thing than a failover.
    const failovers = outcome.rounds.filter(({ deed }) => deed.kind === kind && !(deed.atOnce && isKill(kind)))
    const atOnce = outcome.rounds.filter(({ deed }) => deed.kind === kind && deed.atOnce && isKill(kind))
    if (failovers.length > 0) kinds.set(kind, reportOf(failovers))
    if (atOnce.length > 0) kinds.set(`${kind} (back at once)`, reportOf(atOnce))
  }
  for (const [kind, { rounds, led, others, longest, controller, whole }] of kinds) {
    console.log(`${kind}, ${rounds} rounds:`)
    console.log(`  next write to a partition it led: ${printSpread(led)}`)
    console.log(`  next write to another:            ${printSpread(others)}`)
    console.log(`  longest gap of one it led:        ${printSpread(longest)}`)
    console.log(`  next write of the controller:     ${printSpread(controller)}`)
    console.log(`  all in sync after its return:     ${printSpread(whole)}`)
  }
  const { ledger, foreign, verified, lost, duplicated, replicasServed, replicasStored } = outcome
  for (const [client, told] of foreign) console.log(printForeign(client, told))
  for (const fault of ledger.faults) console.log(`fault: ${fault}`)
  const counts = {
    rounds: outcome.rounds.length,
    acknowledged: ledger.acknowledgedRecords,
    batches: ledger.acknowledgedBatches,
    verified,
    lost,
    duplicated,
    retried: ledger.retried,
    known: ledger.known,
    commits: ledger.commitsAcknowledged,
    controllerWrites: ledger.controllerWrites,
    replicasServed,
    replicasStored,
    faults: ledger.faults.length,
    seconds: Math.round(outcome.seconds)
  }
  console.log(
    Object.entries(counts)
      .map(([key, value]) => `${key}=${value}`)
      .join(" ")
  )
  console.log(
    JSON.stringify({
      subject: name,
      seed,
      ...counts,
      foreign: Object.fromEntries(foreign),
      kinds: Object.fromEntries(kinds)
    })
  )
}
