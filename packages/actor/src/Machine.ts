/**
 * The contract of a protocol actor (raft node, partition): state, message and time in; state and effects out.
 *
 * Invariants: `step` is pure and total; it never reads a clock, draws chance or touches the world. `wakeAt` names the next
 * deadline in milliseconds (Infinity for none): machines have deadlines, never timers. Neighbour: `Actor.ts` runs it.
 */
export interface Machine<State, Message, Out> {
  readonly step: (state: State, message: Message, now: number) => readonly [State, ReadonlyArray<Out>]
  readonly wakeAt: (state: State) => number
}

/** No effects, shared so that the common case allocates nothing. */
export const none: ReadonlyArray<never> = []
