/**
 * The contract of a log-backed actor (controller, group shard, transaction shard): a command is decided into records and a
 * reply; the records are the only way state changes. Invariants: `decide` never changes state; `replay` is total, because a
 * record in the log is a fact; the reply is released only when the records' last offset has committed.
 */
export interface Decision<Record, Reply> {
  readonly records: ReadonlyArray<Record>
  readonly reply: Reply
}

export interface Decider<State, Command, Record, Reply> {
  readonly decide: (state: State, command: Command, now: number) => Decision<Record, Reply>
  readonly replay: (state: State, record: Record) => State
  readonly wakeAt: (state: State) => number
}
