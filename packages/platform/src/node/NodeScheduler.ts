/**
 * The live scheduler: what is scheduled runs behind whatever the event loop has just read, and what that schedules in turn runs right
 * after it, in the same turn of the loop. A request passes its connection, its partition and back, and Effect's own scheduler would go
 * round the loop, and into the kernel, for each of these steps.
 *
 * Invariants: the first step of a turn begins when all sockets that were ready have been read, so that what they brought is taken together;
 * a turn ends after `roundsPerTurn`, and with the round in which `turnLimitMs` have passed, however much is scheduled, so that no fiber
 * keeps the loop from its sockets and timers, be it one that goes on and on or one that makes two thousand partitions; a task that throws
 * takes no other task with it.
 */
import * as Scheduler from "effect/Scheduler"

/** A request needs five or six. */
export const roundsPerTurn = 16

/** What most turns under load need, several requests together. */
export const turnLimitMs = 1

/** Milliseconds from any point on, of which only differences count. */
export type Now = () => number

interface Scheduled {
  run: (() => void) | undefined
}

/** Like `setImmediate`, but within the turn; answers how to give it up. */
const makeTurns = (nextTurn: (turn: () => void) => void, now: Now) => {
  let due: Array<Scheduled> = []
  let next = 0
  let isArmed = false
  const arm = (): void => {
    isArmed = true
    nextTurn(turn)
  }
  const turn = (): void => {
    try {
      const end = now() + turnLimitMs
      for (let round = 0; round < roundsPerTurn && next < due.length; round++) {
        if (now() >= end) break
        for (const last = due.length; next < last; ) due[next++]!.run?.()
      }
    } finally {
      due = due.slice(next)
      next = 0
      isArmed = false
      if (due.length > 0) arm()
    }
  }
  return (run: () => void): (() => void) => {
    const scheduled: Scheduled = { run }
    due.push(scheduled)
    if (!isArmed) arm()
    return () => {
      scheduled.run = undefined
    }
  }
}

/** `nextTurn` has a turn begin behind what the loop reads next. */
export const make = (
  nextTurn: (turn: () => void) => void = setImmediate,
  now: Now = () => performance.now()
): Scheduler.Scheduler => new Scheduler.MixedScheduler("async", makeTurns(nextTurn, now))
