/**
 * The one error of this package that input can cause: bytes that are not what the protocol says they are. It carries what a
 * log line needs and no stack, since a stranger decides how often it is made. Programming errors are ordinary Errors.
 */
export class MalformedBytes extends Error {
  readonly _tag = "MalformedBytes"
  /** What is wrong, without the place. */
  readonly reason: string
  /** Where it was noticed: an index into the bytes being read. */
  readonly position: number

  constructor(reason: string, position: number) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(`${reason} at byte ${position}`)
    Error.stackTraceLimit = limit
    this.name = "MalformedBytes"
    this.reason = reason
    this.position = position
  }
}
