/**
 * Past bugs, ours and other brokers', that tests can put back in by name, to prove that they would be found. Invariant: in production
 * none is ever in: only `@klamm/testing` calls `putBack`. A place that had a bug asks `hasBug` at its coldest spot, never per record.
 */
const present = new Set<string>()

/** Whether the bug of that name is to show itself. */
export const hasBug = (name: string): boolean => present.size > 0 && present.has(name)

/** Puts a bug back in until the answer is called. */
export const putBack = (name: string): (() => void) => {
  present.add(name)
  return () => {
    present.delete(name)
  }
}
