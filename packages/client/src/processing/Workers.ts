/**
 * Works on the records of a session side by side: in order within a lane, lanes at the same time, and marks as done only what is done.
 *
 * Invariants: `feed.done` is never beyond a record that is not done; a record is worked on at most once per assignment; before a
 * partition goes, what has begun of it has ended, and so has what lies before that: only so can all of it be committed. What lies behind
 * never begins. Neighbours: `Lanes.ts`, `OffsetTracker.ts` decide; `Processing.ts` says what working on a record is.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { ConsumerError } from "../consumer/ConsumerError.ts"
import type { Taken } from "../consumer/Engine.ts"
import type { Feed } from "../consumer/Feed.ts"
import type { RawRecord } from "../consumer/fetch/RecordReader.ts"
import type { Session } from "../consumer/Session.ts"
import { Lanes } from "./Lanes.ts"
import { OffsetTracker } from "./OffsetTracker.ts"

export interface Item {
  readonly feed: Feed
  readonly turn: number
  readonly raw: RawRecord
}

interface Tracked {
  readonly tracker: OffsetTracker
  readonly turn: number
  /** The furthest record whose work has begun. */
  begunTo: number
}

/** What is needed of a session. */
type Source = Pick<
  Session,
  "quiesce" | "isIdle" | "onClosing" | "isClosing" | "begin" | "finish" | "progress" | "rest"
> & {
  readonly engine: Pick<Session["engine"], "take">
  readonly settings: Pick<Session["settings"], "maxPollRecords">
}

export interface WorkersOptions<E, R> {
  readonly session: Source
  readonly laneOf: (feed: Feed, raw: RawRecord) => string | undefined
  /** Records worked on at the same time. */
  readonly concurrency: number
  /** Records handed out and not done. */
  readonly maxInFlight: number
  readonly work: (item: Item) => Effect.Effect<unknown, E, R>
}

class Workers<E, R> {
  private readonly options: WorkersOptions<E, R>
  private readonly lanes: Lanes<Item>
  private readonly tracked = new Map<Feed, Tracked>()
  /** Records accepted and neither done nor dropped. */
  private readonly left = new Map<Feed, number>()
  private readonly changed = Latch.makeUnsafe(false)
  readonly failed = Deferred.makeUnsafe<never, E>()

  constructor(options: WorkersOptions<E, R>) {
    this.options = options
    this.lanes = new Lanes(options.concurrency)
    options.session.quiesce = this.quiesce
    options.session.isIdle = () => this.lanes.size === 0
    options.session.onClosing = () => this.changed.openUnsafe()
  }

  private trackedOf(feed: Feed, position: number): Tracked {
    const known = this.tracked.get(feed)
    if (known !== undefined && known.turn === feed.turn) return known
    const fresh = { tracker: new OffsetTracker(position), turn: feed.turn, begunTo: -1 }
    this.tracked.set(feed, fresh)
    return fresh
  }

  /** Waits for room, takes records, and sets them going; for ever. */
  readonly pump: Effect.Effect<never, ConsumerError, R | Scope.Scope> = Effect.forever(
    Effect.suspend(() => {
      const { session, maxInFlight } = this.options
      const room = maxInFlight - this.lanes.size
      if (room <= 0) return this.progress
      const max = Math.min(room, session.settings.maxPollRecords)
      return Effect.flatMap(session.engine.take(max, this.accept), () => this.launch())
    })
  )

  private leave(feed: Feed): void {
    const left = (this.left.get(feed) ?? 0) - 1
    if (left > 0) this.left.set(feed, left)
    else this.left.delete(feed)
  }

  /** Whether nobody may work on it: its partition is gone or elsewhere, or called back, and it lies behind all that has begun. */
  private isGone({ feed, raw, turn }: Item): boolean {
    if (feed.isClosed || feed.turn !== turn) return true
    return feed.isClosing && raw.offset > (this.tracked.get(feed)?.begunTo ?? -1)
  }

  private readonly progress: Effect.Effect<void> = Effect.suspend(() => {
    this.changed.closeUnsafe()
    return this.changed.await
  })

  private readonly accept = ({ feed, turn, records }: Taken): void => {
    const first = records[0]
    if (first === undefined) return
    const { session, laneOf } = this.options
    const { tracker } = this.trackedOf(feed, first.offset)
    for (const raw of records) {
      tracker.begin(raw.offset)
      this.lanes.offer(laneOf(feed, raw), { feed, turn, raw })
    }
    this.left.set(feed, (this.left.get(feed) ?? 0) + records.length)
    for (const known of this.tracked.keys()) if (known.isClosed) this.tracked.delete(known)
    session.begin(feed)
  }

  /** Gives a fiber to each item that may run and has none. */
  private launch(): Effect.Effect<void, never, R | Scope.Scope> {
    const fibers: Array<Effect.Effect<unknown, never, R | Scope.Scope>> = []
    for (let next = this.lanes.take(); next !== undefined; next = this.lanes.take()) {
      fibers.push(Effect.forkScoped(this.run(next.lane, next.item)))
    }
    return Effect.all(fibers, { discard: true })
  }

  private run(lane: string | undefined, item: Item): Effect.Effect<void, never, R | Scope.Scope> {
    return Effect.suspend(() => {
      const { feed, raw } = item
      // A fiber begins a while after it was given its item: meanwhile its partition may have been called back.
      if (this.isGone(item)) {
        this.leave(feed)
        return this.next(lane)
      }
      const tracked = this.trackedOf(feed, raw.offset)
      tracked.begunTo = Math.max(tracked.begunTo, raw.offset)
      return Effect.matchEffect(this.options.work(item), {
        onFailure: (error) => Effect.asVoid(Deferred.fail(this.failed, error)),
        onSuccess: () => {
          this.leave(feed)
          this.done(item, tracked)
          return this.next(lane)
        }
      })
    })
  }

  /** The fiber goes on with what may run now. */
  private next(lane: string | undefined): Effect.Effect<void, never, R | Scope.Scope> {
    this.lanes.finish(lane)
    if (this.lanes.size === 0) this.options.session.rest()
    this.changed.openUnsafe()
    const next = this.lanes.take()
    return next === undefined ? Effect.void : this.run(next.lane, next.item)
  }

  private done({ feed, raw, turn }: Item, { tracker }: Tracked): void {
    if (feed.turn !== turn) return
    tracker.end(raw.offset)
    if (tracker.open === 0) this.options.session.finish([feed])
    else {
      if (tracker.committable > feed.done.offset) feed.done = { offset: tracker.committable, epoch: -1 }
      this.options.session.progress()
    }
  }

  private readonly quiesce = (feeds: ReadonlyArray<Feed>): Effect.Effect<void> =>
    Effect.suspend(() => {
      this.lanes.drop((item) => {
        const isGone = this.isGone(item)
        if (isGone) this.leave(item.feed)
        return isGone
      })
      const isQuiet = feeds.every((feed) => !this.left.has(feed))
      if (isQuiet || this.options.session.isClosing) return Effect.void
      return Effect.andThen(this.progress, this.quiesce(feeds))
    })
}

/** Works until something fails: the consumer, or the work on a record. */
export const run = <E, R>(options: WorkersOptions<E, R>): Effect.Effect<never, E | ConsumerError, R | Scope.Scope> =>
  Effect.suspend(() => {
    const workers = new Workers(options)
    return Effect.raceFirst(workers.pump, Deferred.await(workers.failed))
  })
