/**
 * What a handler may know of the request it answers, beside its body: who asked, through which listener, at which version.
 */
export interface RequestContext {
  readonly connectionId: number
  /** The name of the listener the request came through: Metadata answers with that listener's addresses. */
  readonly listenerName: string
  readonly securityProtocol: string
  readonly clientHost: string
  readonly clientPort: number
  readonly clientId: string | null
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** When the request had been received, in milliseconds. */
  readonly receivedAtMs: number
  /** The same moment on the monotonic clock, from which waits are counted. */
  readonly receivedMonotonicMs: number
  /** Runs once the answer has been written or dropped: gives back memory that the answer is a view of. */
  readonly whenSent: (finalizer: () => void) => void
}
