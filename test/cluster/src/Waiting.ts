/**
 * Waits that end. Invariant: whatever this test waits for has a limit, and what was not there in time is told by name.
 * Neighbours: everything in this folder.
 */
export const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export const now = (): number => performance.now()

/** Something that had to hold did not within its time. */
export class NotInTime extends Error {}

const LOOK_EVERY_MS = 20

/** Resolves to the milliseconds it took until it held. `why` tells the last reason why it did not. */
export const until = async (
  what: string,
  withinMs: number,
  holds: () => Promise<boolean> | boolean,
  why: () => string = () => ""
): Promise<number> => {
  const from = now()
  while (!(await holds())) {
    if (now() - from > withinMs) throw new NotInTime(`${what}: not within ${withinMs} ms; ${why()}`)
    await sleep(LOOK_EVERY_MS)
  }
  return now() - from
}
