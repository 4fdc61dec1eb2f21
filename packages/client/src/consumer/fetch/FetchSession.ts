/**
 * One broker's fetch session (KIP-227): which partitions the broker believes we want, so that a request names only what changed.
 *
 * Invariant: `held` is what the broker has in the session once it has taken the request built last; when that is in doubt, the
 * next request says everything and closes the old session with it. Neighbours: `Fetching.ts` sends what is built here.
 */
import { ErrorCode } from "@klamm/protocol"
import { keyOf, type TopicPartition } from "../TopicPartition.ts"

/** A partition as it is to be fetched. */
export interface Wanted extends TopicPartition {
  readonly topicId: string
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly partitionMaxBytes: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  /** New or changed; in a full request all. */
  readonly wanted: ReadonlyArray<Wanted>
  readonly forgotten: ReadonlyArray<Wanted>
}

const noSession = 0
const newSessionEpoch = 0
const lastEpoch = 0x7fff_ffff

const isUnchanged = (left: Wanted, right: Wanted): boolean =>
  left.fetchOffset === right.fetchOffset &&
  left.currentLeaderEpoch === right.currentLeaderEpoch &&
  left.lastFetchedEpoch === right.lastFetchedEpoch &&
  left.partitionMaxBytes === right.partitionMaxBytes

const sessionErrors = new Set<number>([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
])

export class FetchSession {
  private sessionId = noSession
  private epoch = newSessionEpoch
  private held = new Map<string, Wanted>()

  /** The next request, which is taken to reach the broker. */
  next(all: ReadonlyArray<Wanted>): SessionRequest {
    const wanted = new Map(all.map((each) => [keyOf(each), each]))
    const { sessionId, epoch } = this
    const before = this.held
    this.held = wanted
    if (epoch === newSessionEpoch) return { sessionId, sessionEpoch: epoch, wanted: all, forgotten: [] }
    this.epoch = epoch === lastEpoch ? 1 : epoch + 1
    const changed = all.filter((each) => {
      const known = before.get(keyOf(each))
      return known === undefined || known.topicId !== each.topicId || !isUnchanged(known, each)
    })
    const forgotten = [...before.values()].filter((each) => wanted.get(keyOf(each))?.topicId !== each.topicId)
    return { sessionId, sessionEpoch: epoch, wanted: changed, forgotten }
  }

  /** Takes the top of an answer; true when the answer is about partitions at all. */
  answered(errorCode: number, sessionId: number): boolean {
    if (errorCode !== ErrorCode.NONE) {
      // The broker does not know the session: nothing is left to close.
      if (sessionErrors.has(errorCode)) this.sessionId = noSession
      this.epoch = newSessionEpoch
      return false
    }
    if (sessionId !== this.sessionId || sessionId === noSession) {
      this.sessionId = sessionId
      this.epoch = sessionId === noSession ? newSessionEpoch : 1
    }
    return true
  }

  /** No answer came: the broker may or may not have taken the request. */
  unanswered(): void {
    this.epoch = newSessionEpoch
  }
}
