/**
 * Committing offsets: what is done of a consumer's feeds, or what the application names. Invariants: commits of one consumer go one
 * after another, so that an older one never lands on a newer; an error that is about the membership is told to it, and the commit
 * fails: whoever owns the partition now starts from what was committed before. Neighbours: `Asking.ts` sends, `Session.ts` says when.
 */
import { ErrorCode } from "@klamm/protocol"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Cluster } from "../Cluster.ts"
import { BrokerError, type KlammError, TimeoutError } from "../KlammError.ts"
import type { ConsumerMeasures } from "../observe/ConsumerMeasures.ts"
import { errorTypeOfExit } from "../observe/Conventions.ts"
import * as Spans from "../observe/Spans.ts"
import * as Asking from "./Asking.ts"
import type { Feed } from "./Feed.ts"
import type { Settings } from "./Settings.ts"
import { keyOf, type TopicPartition } from "./TopicPartition.ts"

export interface CommitContext {
  readonly cluster: Cluster
  readonly settings: Settings
  readonly measures: ConsumerMeasures
  readonly identity: () => Asking.Identity
  /** Tells the membership what a commit was refused with. */
  readonly refused: (code: number) => void
  readonly now: () => number
}

export interface Commits {
  /** What is done of these feeds and not yet committed. */
  readonly done: (feeds: ReadonlyArray<Feed>) => Effect.Effect<void, KlammError>
  readonly these: (offsets: ReadonlyArray<Asking.Committing>) => Effect.Effect<void, KlammError>
}

/** Errors that say who the member is, or is not. */
const aboutMembership = new Set<number>([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.REBALANCE_IN_PROGRESS
])

/** The worst of the codes: one that is final before one that may pass. */
const worstOf = (codes: Iterable<number>): number => {
  let worst: number = ErrorCode.NONE
  for (const code of codes) {
    if (code !== ErrorCode.NONE && (worst === ErrorCode.NONE || !mayPass(code))) worst = code
  }
  return worst
}

/** A stale epoch is only a heartbeat behind: the member will know the new one. */
const mayPass = (code: number): boolean =>
  code === ErrorCode.STALE_MEMBER_EPOCH || new BrokerError({ code, api: "OffsetCommit" }).retriable

const attempt = (
  context: CommitContext,
  offsets: ReadonlyArray<Asking.Committing>
): Effect.Effect<ReadonlyArray<Asking.Committing>, KlammError> =>
  Effect.flatMap(
    Asking.commit(context.cluster, context.identity(), offsets, context.settings.requestTimeoutMs),
    (codes) => {
      const worst = worstOf(codes.values())
      if (worst === ErrorCode.NONE) return Effect.succeed([])
      const { group } = context.identity()
      if (aboutMembership.has(worst)) context.refused(worst)
      if (mayPass(worst)) context.cluster.invalidateCoordinator("group", group)
      else return Effect.fail(new BrokerError({ code: worst, api: "OffsetCommit", resource: group }))
      return Effect.succeed(offsets.filter((each) => codes.get(keyOf(each)) !== ErrorCode.NONE))
    }
  )

/** Repeats what may pass until it has, or the time is over. */
const persist = (
  context: CommitContext,
  offsets: ReadonlyArray<Asking.Committing>,
  deadline: number,
  failures: number
): Effect.Effect<void, KlammError> => {
  const { cluster, settings, identity, now } = context
  const again = (rest: ReadonlyArray<Asking.Committing>, cause?: unknown): Effect.Effect<void, KlammError> =>
    now() >= deadline
      ? Effect.fail(new TimeoutError({ what: `commit of ${identity().group}`, afterMs: settings.apiTimeoutMs, cause }))
      : Effect.andThen(Effect.sleep(cluster.backoffMs(failures + 1)), persist(context, rest, deadline, failures + 1))
  return Effect.matchEffect(attempt(context, offsets), {
    onFailure: (error) => {
      if (error._tag === "BrokerError" || !error.retriable) return Effect.fail(error)
      cluster.invalidateCoordinator("group", identity().group)
      return again(offsets, error)
    },
    onSuccess: (rest) => (rest.length === 0 ? Effect.void : again(rest))
  })
}

export const make = (context: CommitContext): Commits => {
  const turn = Semaphore.makeUnsafe(1)
  const write = (offsets: ReadonlyArray<Asking.Committing>): Effect.Effect<void, KlammError> => {
    if (offsets.length === 0) return Effect.void
    const { settings, measures, identity, now } = context
    const sinceMs = now()
    const topics = [...new Set(offsets.map(({ topic }) => topic))]
    const written = persist(context, offsets, sinceMs + settings.apiTimeoutMs, 0)
    return Effect.onExit(Spans.committing(settings, identity().group, topics, written), (exit) =>
      Effect.sync(() => measures.committed(sinceMs, errorTypeOfExit(exit)))
    )
  }
  const done = (feeds: ReadonlyArray<Feed>) =>
    Effect.suspend(() => {
      const news = feeds.filter(({ done, committed }) => done.offset >= 0 && done.offset !== committed.offset)
      const places = news.map((feed) => ({ feed, place: feed.done }))
      const offsets = places.map(({ feed, place }) => ({ topic: feed.topic, partition: feed.partition, ...place }))
      const remember = Effect.sync(() => {
        for (const { feed, place } of places) feed.committed = place
      })
      return Effect.andThen(write(offsets), remember)
    })
  return {
    done: (feeds) => turn.withPermits(1)(done(feeds)),
    these: (offsets) => turn.withPermits(1)(write(offsets))
  }
}

/** What committing a record means: everything before it and itself are done. */
export const behind = (
  record: TopicPartition & { readonly offset: number; readonly leaderEpoch: number }
): Asking.Committing => ({
  topic: record.topic,
  partition: record.partition,
  offset: record.offset + 1,
  epoch: record.leaderEpoch
})
