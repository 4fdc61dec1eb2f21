/**
 * A Decider as a Machine: decide on the latest state, replay one's own records at once, append them, and park each reply until
 * its offset has committed.
 *
 * Invariants: `latest` is `committed` plus the records appended since, in order; a reply is given only once everything its
 * decision saw or wrote is committed; without the leadership nothing is decided, and `latest` is `committed`. Parked replies
 * are bounded: what comes above the limit is answered busy.
 *
 * What was decided under one leadership must not be appended, or answered, under the next: (1) a command is decided, (2) the node
 * resigns and is elected again, (3) the log, which leads, takes a decision that rests on records which are gone. So each append says
 * under which epoch it was decided, and what is told of an epoch that is over only ends the wait of its asker.
 *
 * The offset that a decision's records will get is told to it: the log's end, as far as this machine knows it, and what is on its
 * way there. What the log itself writes in between (a change of voters) shifts it, until the next append is told.
 */
import type { Decider } from "./Decider.ts"
import { type Machine, none } from "./Machine.ts"

export type Answered<Reply> =
  /** `offset` is the last one of the log that the reply rests on: who follows the log that far sees what the decider saw. */
  | { readonly _tag: "Done"; readonly reply: Reply; readonly offset: number }
  /** Another node decides, or nobody does at the moment. */
  | { readonly _tag: "NotActive" }
  | { readonly _tag: "Busy" }

export type Complete<Reply> = (answer: Answered<Reply>) => void

interface Parked<Reply> {
  readonly offset: number
  readonly complete: Complete<Reply>
  readonly reply: Reply
}

export interface DeciderState<State, Reply> {
  readonly active: boolean
  /** The epoch of the leadership, the last one's where there is none. */
  readonly epoch: number
  readonly committed: State
  readonly committedOffset: number
  readonly latest: State
  /** Offset of the last record appended by this node; what is decided now waits for it at least. */
  readonly appendedOffset: number
  /** Appends that have no offset yet, and their records. */
  readonly appending: number
  readonly appendingRecords: number
  readonly parked: ReadonlyArray<Parked<Reply>>
}

export type DeciderMessage<State, Command, Record, Reply> =
  | { readonly _tag: "Submit"; readonly command: Command; readonly complete: Complete<Reply> }
  | {
      readonly _tag: "Appended"
      readonly epoch: number
      readonly lastOffset: number
      readonly count: number
      readonly reply: Reply
      readonly complete: Complete<Reply> | undefined
    }
  | { readonly _tag: "AppendRefused"; readonly epoch: number; readonly complete: Complete<Reply> | undefined }
  | { readonly _tag: "Committed"; readonly offset: number; readonly records: ReadonlyArray<Record> }
  /** A snapshot takes the place of everything before. */
  | { readonly _tag: "Loaded"; readonly state: State; readonly offset: number }
  | { readonly _tag: "Led"; readonly epoch: number }
  | { readonly _tag: "Resigned" }
  | { readonly _tag: "Wake" }

export type DeciderOut<State, Record, Reply> =
  /** To be told as Appended, in order, with the offset of the last record, if there are any. */
  | {
      readonly _tag: "Append"
      readonly epoch: number
      readonly records: ReadonlyArray<Record>
      readonly reply: Reply
      readonly complete: Complete<Reply> | undefined
    }
  | { readonly _tag: "Answer"; readonly complete: Complete<Reply>; readonly answer: Answered<Reply> }
  | { readonly _tag: "Publish"; readonly state: State; readonly offset: number }

export const standby = <State, Reply>(initial: State): DeciderState<State, Reply> => ({
  active: false,
  epoch: -1,
  committed: initial,
  committedOffset: -1,
  latest: initial,
  appendedOffset: -1,
  appending: 0,
  appendingRecords: 0,
  parked: none
})

type Step<State, Record, Reply> = readonly [DeciderState<State, Reply>, ReadonlyArray<DeciderOut<State, Record, Reply>>]

/** Answers all that waits as no longer ours, and forgets what is not committed. */
const stepDown = <State, Record, Reply>(state: DeciderState<State, Reply>): Step<State, Record, Reply> => [
  {
    ...state,
    active: false,
    latest: state.committed,
    appendedOffset: -1,
    appending: 0,
    appendingRecords: 0,
    parked: none
  },
  state.parked.map(({ complete }) => ({ _tag: "Answer", complete, answer: { _tag: "NotActive" } }))
]

const release = <State, Record, Reply>(state: DeciderState<State, Reply>): Step<State, Record, Reply> => {
  const due = state.parked.filter(({ offset }) => offset <= state.committedOffset)
  if (due.length === 0) return [state, none]
  const parked = state.parked.filter(({ offset }) => offset > state.committedOffset)
  return [
    { ...state, parked },
    due.map(({ complete, reply, offset }) => ({ _tag: "Answer", complete, answer: { _tag: "Done", reply, offset } }))
  ]
}

const nextOffset = <State, Reply>(state: DeciderState<State, Reply>): number =>
  Math.max(state.appendedOffset, state.committedOffset) + 1 + state.appendingRecords

const submit = <State, Command, Record, Reply>(
  decider: Decider<State, Command, Record, Reply>,
  maxParked: number,
  state: DeciderState<State, Reply>,
  command: Command,
  complete: Complete<Reply> | undefined,
  now: number
): Step<State, Record, Reply> => {
  const refuse = (answer: Answered<Reply>): Step<State, Record, Reply> => [
    state,
    complete === undefined ? none : [{ _tag: "Answer", complete, answer }]
  ]
  if (!state.active) return refuse({ _tag: "NotActive" })
  if (state.parked.length + state.appending >= maxParked) return refuse({ _tag: "Busy" })
  const { epoch } = state
  const { records, reply, note } = decider.decide(state.latest, command, now, nextOffset(state))
  const noted = note === undefined ? state.latest : note(state.latest)
  if (records.length > 0) {
    const latest = decider.replay(noted, records)
    const appending = state.appending + 1
    const appendingRecords = state.appendingRecords + records.length
    return [{ ...state, latest, appending, appendingRecords }, [{ _tag: "Append", epoch, records, reply, complete }]]
  }
  const next = { ...state, latest: noted }
  if (complete === undefined) return [next, none]
  const settled = state.appending === 0 && state.appendedOffset <= state.committedOffset
  if (settled) {
    return [next, [{ _tag: "Answer", complete, answer: { _tag: "Done", reply, offset: state.committedOffset } }]]
  }
  // Nothing to write, but the decision saw what is not committed yet: it waits behind that.
  return [{ ...next, appending: state.appending + 1 }, [{ _tag: "Append", epoch, records: none, reply, complete }]]
}

const committed = <State, Command, Record, Reply>(
  decider: Decider<State, Command, Record, Reply>,
  state: DeciderState<State, Reply>,
  offset: number,
  records: ReadonlyArray<Record>
): Step<State, Record, Reply> => {
  const image = decider.replay(state.committed, records)
  const latest = state.active ? state.latest : image
  const [next, out] = release<State, Record, Reply>({ ...state, committed: image, committedOffset: offset, latest })
  return [next, [{ _tag: "Publish", state: image, offset }, ...out]]
}

/** The asker of what was decided under a leadership that is over. */
const tooLate = <State, Record, Reply>(
  state: DeciderState<State, Reply>,
  complete: Complete<Reply> | undefined
): Step<State, Record, Reply> => [
  state,
  complete === undefined ? none : [{ _tag: "Answer", complete, answer: { _tag: "NotActive" } }]
]

const isOver = <State, Reply>(state: DeciderState<State, Reply>, epoch: number): boolean =>
  !state.active || state.epoch !== epoch

const appended = <State, Record, Reply>(
  state: DeciderState<State, Reply>,
  message: Extract<DeciderMessage<State, never, Record, Reply>, { _tag: "Appended" }>
): Step<State, Record, Reply> => {
  const { epoch, lastOffset, count, reply, complete } = message
  if (isOver(state, epoch)) return tooLate(state, complete)
  // What wrote nothing rests on what was appended before it.
  const offset = count === 0 ? Math.max(state.appendedOffset, state.committedOffset) : lastOffset
  const next = {
    ...state,
    appending: state.appending - 1,
    appendingRecords: state.appendingRecords - count,
    appendedOffset: offset
  }
  if (complete === undefined) return [next, none]
  return release({ ...next, parked: [...next.parked, { offset, complete, reply }] })
}

const appendRefused = <State, Record, Reply>(
  state: DeciderState<State, Reply>,
  epoch: number,
  complete: Complete<Reply> | undefined
): Step<State, Record, Reply> => {
  if (isOver(state, epoch)) return tooLate(state, complete)
  const [next, out] = stepDown<State, Record, Reply>(state)
  if (complete === undefined) return [next, out]
  return [next, [...out, { _tag: "Answer", complete, answer: { _tag: "NotActive" } }]]
}

/** `maxParked` bounds the replies that wait for a commit. */
export const deciderMachine = <State, Command, Record, Reply>(
  decider: Decider<State, Command, Record, Reply>,
  maxParked: number
): Machine<
  DeciderState<State, Reply>,
  DeciderMessage<State, Command, Record, Reply>,
  DeciderOut<State, Record, Reply>
> => ({
  wakeAt: (state) => (state.active ? decider.wakeAt(state.latest) : Number.POSITIVE_INFINITY),
  step: (state, message, now) => {
    switch (message._tag) {
      case "Submit":
        return submit(decider, maxParked, state, message.command, message.complete, now)
      case "Wake":
        // A deadline that has been put off since: nothing is due.
        if (decider.wakeAt(state.latest) > now) return [state, none]
        return submit(decider, maxParked, state, decider.onWake(state.latest, now), undefined, now)
      case "Appended":
        return appended(state, message)
      case "AppendRefused":
        return appendRefused(state, message.epoch, message.complete)
      case "Committed":
        return committed(decider, state, message.offset, message.records)
      case "Loaded":
        return [
          { ...state, committed: message.state, committedOffset: message.offset, latest: message.state },
          [{ _tag: "Publish", state: message.state, offset: message.offset }]
        ]
      case "Led":
        return [{ ...state, active: true, epoch: message.epoch, latest: state.committed }, none]
      case "Resigned":
        return stepDown(state)
    }
  }
})
