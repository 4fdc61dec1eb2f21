/**
 * Assertions that stay on in production: a broken invariant is a fault, and a fault stops rather than guesses. Never for input:
 * what a client or a disk can cause is an answer or a failure.
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
