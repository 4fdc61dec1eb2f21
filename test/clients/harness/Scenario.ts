/**
 * What every client suite shares: the list of scenarios a client must pass, and small helpers to write them. Invariant:
 * a scenario makes its own names from `place.unique`, so that many run against one broker, twice over, in any order.
 * Neighbours: scenarios/*.ts (one file per client), clients.test.ts (runs them).
 */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { pause } from "./Processes.ts"

export interface Place {
  readonly bootstrap: string
}

/** What a client library is expected to do against a Kafka; each client's file answers for every one of them. */
export const SCENARIOS = [
  "creates, lists and deletes topics",
  "adds partitions",
  "describes and alters configs",
  "produces with every acks",
  "produces with every codec",
  "keeps keys, headers, null values and timestamps",
  "produces idempotently",
  "consumes from an offset",
  "finds offsets by time",
  "shares a group's partitions and rebalances",
  "commits, resumes and resets offsets",
  "deletes records",
  "lists, describes and deletes groups",
  "gets the errors it can act on"
] as const
export type ScenarioName = (typeof SCENARIOS)[number]

/** A scenario, or the reason why this client has no way to do it. */
export type Script = ((place: Place) => Promise<void>) | { readonly cannot: string }
export type Suite = Readonly<Record<ScenarioName, Script>>

/** Each scenario must end within this time. */
export const SCENARIO_WITHIN_MS = 20_000

export const unique = (stem: string): string => `${stem}-${randomBytes(5).toString("hex")}`

/** Polls until `holds` says true; an admin change becomes visible a moment after its answer. */
export const eventually = async (what: string, holds: () => Promise<boolean>, withinMs = 10_000): Promise<void> => {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) assert.fail(`not true within ${withinMs} ms: ${what}`)
    await pause(50)
  }
}

/** Waits until a list that a client fills has the wanted length, and fails with what it has when the time is over. */
export const gathered = async <A>(list: ReadonlyArray<A>, wanted: number, withinMs = 10_000): Promise<void> => {
  const deadline = Date.now() + withinMs
  while (list.length < wanted) {
    if (Date.now() > deadline) assert.fail(`wanted ${wanted} records within ${withinMs} ms, got ${list.length}`)
    await pause(20)
  }
}

/** Runs `use` on an opened thing and closes it whatever happens. */
export const using = async <A, B>(
  open: () => Promise<A>,
  close: (a: A) => Promise<unknown>,
  use: (a: A) => Promise<B>
): Promise<B> => {
  const opened = await open()
  try {
    return await use(opened)
  } finally {
    await close(opened)
  }
}
