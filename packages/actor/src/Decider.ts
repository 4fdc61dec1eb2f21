/**
 * The contract of a log-backed actor (controller): a command is decided into records and a reply; the records are the only way
 * lasting state changes. Invariants: `decide` never changes state; `replay` is total, because a record in the log is a fact;
 * the reply is released only when the records' last offset has committed. Neighbour: `DeciderMachine.ts` runs it.
 */
export interface Decision<State, Record, Reply> {
  readonly records: ReadonlyArray<Record>
  readonly reply: Reply
  /** A change of soft state, which no record carries and which is lost with the leadership (heartbeats). */
  readonly note?: (state: State) => State
}

export interface Decider<State, Command, Record, Reply> {
  /** `nextOffset` is the log's offset of the first record of this decision, if it has any. */
  readonly decide: (state: State, command: Command, now: number, nextOffset: number) => Decision<State, Record, Reply>
  /** Records in order. Many come at once, so that what is copied on change is copied once. */
  readonly replay: (state: State, records: ReadonlyArray<Record>) => State
  /** The next deadline in milliseconds, at which `onWake` is decided; Infinity for none. */
  readonly wakeAt: (state: State) => number
  readonly onWake: (state: State, now: number) => Command
}
