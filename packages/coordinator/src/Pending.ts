/**
 * What is decided and not yet known to be in the log, each until when its outcome is waited for (offsets.commit.timeout.ms). Invariants:
 * whoever waits for longer is told REQUEST_TIMED_OUT; what was not appended by then never is, and what was counts once it is known
 * to be committed, though nobody waits for it any more. What nobody waited for is appended however late.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { never } from "./Group.ts"
import type { Groups } from "./Groups.ts"
import { settle } from "./Settle.ts"
import type { Turn, Write } from "./Turn.ts"

export interface Pending {
  readonly write: Write
  /** Monotonic, ms; never where nobody waits. */
  readonly deadline: number
}

const isWaitedFor = ({ settlement: { _tag }, done }: Write): boolean =>
  done !== null || _tag === "Assigned" || _tag === "Created" || _tag === "StaticReplaced"

export const pendingOf = ({ now, settings, writes }: Turn): ReadonlyArray<Pending> =>
  writes.map((write) => ({ write, deadline: isWaitedFor(write) ? now + settings.offsetsCommitTimeoutMs : never }))

/** Those that wait for the append under way, the latest first. */
export interface Gathered {
  readonly pending: Pending
  readonly before: Gathered | null
}

export const inOrder = (gathered: Gathered | null): ReadonlyArray<Pending> => {
  const all: Array<Pending> = []
  for (let at = gathered; at !== null; at = at.before) all.push(at.pending)
  return all.reverse()
}

export const gather = (gathered: Gathered | null, all: ReadonlyArray<Pending>): Gathered | null =>
  all.reduce<Gathered | null>((before, pending) => ({ pending, before }), gathered)

export const nextDeadline = (all: ReadonlyArray<Pending>): number =>
  all.reduce((earliest, { deadline }) => Math.min(earliest, deadline), never)

/** In the log for all one knows: members are told that it failed, and start over; commits and deletions are left to take effect. */
const givenUp = (turn: Turn, groups: Groups, write: Write): Pending => {
  const { settlement, done } = write
  if (settlement._tag === "Offsets" || settlement._tag === "Deleted") {
    if (done !== null) turn.answers.push(() => done(ErrorCode.REQUEST_TIMED_OUT))
    return { write: { ...write, done: null }, deadline: never }
  }
  settle(turn, groups, write, ErrorCode.REQUEST_TIMED_OUT)
  return { write: { ...write, settlement: { _tag: "Told" }, done: null }, deadline: never }
}

/** What is left to wait for, of what is being appended and of what is not. */
export const giveUp = (
  turn: Turn,
  groups: Groups,
  appending: ReadonlyArray<Pending>,
  gathered: ReadonlyArray<Pending>
): { readonly appending: ReadonlyArray<Pending>; readonly gathered: ReadonlyArray<Pending> } => {
  const isOver = ({ deadline }: Pending): boolean => deadline <= turn.now
  const left = appending.map((pending) => (isOver(pending) ? givenUp(turn, groups, pending.write) : pending))
  for (const { write } of gathered.filter(isOver)) settle(turn, groups, write, ErrorCode.REQUEST_TIMED_OUT)
  return { appending: left, gathered: gathered.filter((pending) => !isOver(pending)) }
}
