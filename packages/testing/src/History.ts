/**
 * What clients saw: each send with how it ended, each record read, each watermark, each commit. Invariant: only appended to, in the
 * order in which clients learned of things; checkers read it and nothing else. A send's value is a number that no other send to its
 * partition has.
 */
export type SendState = "invoked" | "ok" | "failed" | "unknown"

export interface Send {
  readonly producer: string
  readonly partition: number
  readonly value: number
  /** -1: it counts as stored when all in-sync replicas have it. */
  readonly acks: number
  readonly invokedMs: number
  /** `unknown`: it may have been stored or not. */
  state: SendState
  endedMs: number
  /** Where the broker says it is; -1 when it did not say. */
  offset: number
  attempts: number
}

export interface Read {
  /** A reader reads on without gaps while it has the same name and life. */
  readonly reader: string
  readonly life: number
  readonly partition: number
  readonly offset: number
  readonly epoch: number
  readonly value: number
  readonly atMs: number
}

/** A watermark that a client was told of. */
export interface Watermark {
  readonly reader: string
  readonly partition: number
  readonly nodeId: number
  readonly epoch: number
  readonly highWatermark: number
  readonly atMs: number
}

export interface Commit {
  readonly group: string
  readonly partition: number
  readonly offset: number
  readonly invokedMs: number
  endedMs: number
  isAcknowledged: boolean
}

/** A group's committed offset, as a client was told; -1: none. */
export interface Committed {
  readonly group: string
  readonly partition: number
  readonly offset: number
  readonly invokedMs: number
}

/** A topic that a client was told has been created. */
export interface Created {
  readonly topic: string
  readonly partitions: number
  readonly atMs: number
}

/**
 * Something noted where it was seen. `sequence`: a broker has forgotten what it acknowledged to an idempotent producer. `range`: an
 * offset that was read is not there any more. `bytes`: a record that is not what was sent. `answer`: an error that makes no sense.
 * `timestamp`: a broker refuses a record as too old or too new. `start`: a log does not begin where it has to.
 */
export interface Oddity {
  readonly kind: "sequence" | "range" | "bytes" | "answer" | "timestamp" | "start"
  readonly what: string
  readonly atMs: number
}

/** Numbers for values: within a partition each is above all before. */
export class Numbering {
  private readonly last = new Map<number, number>()

  next(partition: number): number {
    const number = (this.last.get(partition) ?? 0) + 1
    this.last.set(partition, number)
    return number
  }
}

export class History {
  readonly sends: Array<Send> = []
  readonly reads: Array<Read> = []
  readonly watermarks: Array<Watermark> = []
  readonly commits: Array<Commit> = []
  readonly committed: Array<Committed> = []
  readonly created: Array<Created> = []
  readonly oddities: Array<Oddity> = []
  readonly values = new Numbering()

  get acknowledged(): number {
    return this.sends.reduce((count, { state }) => (state === "ok" ? count + 1 : count), 0)
  }
}
