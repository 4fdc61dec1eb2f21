/**
 * The broker inside the test's own process, on the in-memory disk, behind a real loopback port so that any client can
 * reach it. Invariant: nothing of it is left after `stop`. Neighbours: BrokerUnderTest.ts (the only caller).
 */

export interface InProcessBroker {
  readonly bootstrap: string
  readonly stop: () => Promise<void>
}

/** Starts Broker.layer with the memory disk in this process; undefined while the broker offers no such layer. */
export const startInProcess: (() => Promise<InProcessBroker>) | undefined = undefined
