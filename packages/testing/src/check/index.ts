/** All checks of a run's evidence. */
import {
  asWritten,
  endsReached,
  newestKept,
  newestReplicated,
  offsetsRise,
  startStays,
  valuesRise
} from "./Compaction.ts"
import { commits, created, oddities } from "./Control.ts"
import type { Check, Evidence, Violation } from "./Evidence.ts"
import { matching, replicated, rising } from "./Logs.ts"
import { gapless, oneValue, watermarks } from "./Reads.ts"
import { kept, once, ordered, sent } from "./Sends.ts"

export type { Check, Drained, Evidence, Violation } from "./Evidence.ts"

export const checks: Readonly<Record<string, Check>> = {
  kept,
  once,
  ordered,
  sent,
  oneValue,
  gapless,
  watermarks,
  replicated,
  matching: ({ logs }) => matching(logs),
  rising: ({ logs }) => rising(logs),
  commits,
  created,
  oddities,
  offsetsRise,
  startStays,
  asWritten,
  valuesRise,
  newestKept,
  endsReached,
  newestReplicated
}

export const checkAll = (evidence: Evidence): ReadonlyArray<Violation> =>
  Object.values(checks).flatMap((check) => check(evidence))
