/**
 * Assertions that stay on in production: a broken invariant is a fault, and a fault stops rather than guesses. Never for input:
 * what a client or a disk can cause is an answer or a failure. Beside them `mark`, which names a place that some test must
 * reach, so that a rare branch is known to be tried.
 */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant"
}

/** Throws when what must hold does not. The message says what must hold. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenInvariant(message)
}

/** A case that the types rule out. */
export const unreachable = (value: never): never => {
  throw new BrokenInvariant(`unreachable: ${JSON.stringify(value)}`)
}

const watchers = new Set<(name: string) => void>()

/** Says that the place called `name` was reached. Costs next to nothing while nobody watches. */
export const mark = (name: string): void => {
  if (watchers.size > 0) for (const watcher of watchers) watcher(name)
}

/** Tells `watcher` of every mark that is reached, until the answer is called. */
export const watchMarks = (watcher: (name: string) => void): (() => void) => {
  watchers.add(watcher)
  return () => {
    watchers.delete(watcher)
  }
}
