/**
 * The rounds: load, a kill at a random moment, now and then a second kill while it is starting or a clean stop instead, then
 * the check. Invariant: every round ends with everything acknowledged since the first round verified. Neighbours: Load.ts,
 * Verify.ts, Subject.ts.
 */
import { Calls, type Place } from "./Calls.ts"
import { Chance } from "./Chance.ts"
import { Ledger } from "./Ledger.ts"
import { BatchWriter, Committer } from "./Load.ts"
import type { Subject } from "./Subject.ts"
import { type Verdict, verify } from "./Verify.ts"

export interface Total {
  readonly rounds: number
  readonly acknowledged: number
  readonly verified: number
  readonly lost: number
  readonly commits: number
  readonly retried: number
  readonly faults: ReadonlyArray<string>
}

const TOPICS: ReadonlyArray<readonly [string, number]> = [
  ["crash-a", 1],
  ["crash-b", 3],
  ["crash-c", 2]
]
const LOAD_MIN_MS = 40
const LOAD_MAX_MS = 700
const STARTING_MAX_MS = 400
/** How often the broker is stopped cleanly instead of killed, and killed once more while it starts. */
const CLEAN = 0.1
const TWICE = 0.25

const PLACES: ReadonlyArray<Place> = TOPICS.flatMap(([topic, count]) =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }))
)

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

interface Runner {
  readonly run: (address: string, ledger: Ledger) => Promise<void>
}

const runners = (chance: Chance): ReadonlyArray<Runner> => [
  ...[0, 1, 2, 3, 4, 5].map((index) => new BatchWriter(`writer ${index}`, chance, PLACES, index % 2 === 0)),
  ...[0, 1, 2].map((index) => new Committer(`crash-group-${index}`, PLACES[index]!))
]

const prepare = async (subject: Subject): Promise<void> => {
  await subject.start()
  const calls = await Calls.open(subject.address)
  try {
    for (const [topic, partitions] of TOPICS) await calls.createTopic(topic, partitions)
  } finally {
    calls.close()
  }
}

/** One interrupted stretch of load. Answers how it was ended. */
const interrupted = async (subject: Subject, chance: Chance, all: ReadonlyArray<Runner>, ledger: Ledger) => {
  const loads = Promise.all(all.map((one) => one.run(subject.address, ledger)))
  // A load that fails before the kill is seen by the await below, not as an unhandled rejection.
  const failed = loads.then(
    () => undefined,
    (cause: unknown) => cause
  )
  await sleep(chance.between(LOAD_MIN_MS, LOAD_MAX_MS))
  const clean = chance.happens(CLEAN)
  if (clean) await subject.stop()
  else await subject.kill()
  const cause = await failed
  if (cause !== undefined) throw new Error(`the load failed:\n${subject.output()}`, { cause })
  if (clean || !chance.happens(TWICE)) return clean ? "stopped" : "killed"
  await subject.startAndKill(chance.between(0, STARTING_MAX_MS))
  return "killed twice"
}

export const runRounds = async (subject: Subject, rounds: number, seed: number): Promise<Total> => {
  const chance = new Chance(seed)
  const ledger = new Ledger()
  const all = runners(chance)
  const faults: Array<string> = []
  let verdict: Verdict = { verified: 0, lost: 0, faults: [], records: 0 }
  let done = 0
  await prepare(subject)
  while (done < rounds && faults.length === 0 && verdict.lost === 0) {
    const how = await interrupted(subject, chance, all, ledger)
    await subject.start()
    verdict = await verify(subject.address, ledger)
    faults.push(...verdict.faults)
    done += 1
    console.log(
      `round ${done}: ${how}; acknowledged ${ledger.acknowledgedRecords}, verified ${verdict.verified}, ` +
        `lost ${verdict.lost}, in the logs ${verdict.records}`
    )
  }
  await subject.stop()
  return {
    rounds: done,
    acknowledged: ledger.acknowledgedRecords,
    verified: verdict.verified,
    lost: verdict.lost,
    commits: [...ledger.commits.values()].reduce((sum, one) => sum + Math.max(0, one.acknowledged), 0),
    retried: ledger.retried,
    faults
  }
}
