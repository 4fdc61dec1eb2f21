/**
 * Share groups: many members work on one partition's records, each record acknowledged by itself (KIP-932).
 *
 * Promises: a record is delivered to one member at a time; what is accepted or rejected does not come again, what is released or not
 * acknowledged in time does, up to the group's delivery limit. A record that can't be decoded is rejected. There is no order.
 * Neighbours: `consumer/share/ShareSession.ts`, `Consumer.ts` for groups whose members own partitions.
 */
import * as Entropy from "@klamm/platform/Entropy"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConsumerError } from "./consumer/ConsumerError.ts"
import { type ConsumerRecord, type DecodeFailure, decode, withProducerSpan } from "./consumer/ConsumerRecord.ts"
import * as ShareGroup from "./consumer/group/ShareGroup.ts"
import type { Settings } from "./consumer/Settings.ts"
import { settingsOf } from "./consumer/Settings.ts"
import type { Outcome } from "./consumer/share/Acknowledgements.ts"
import { type Acquired, ShareSession } from "./consumer/share/ShareSession.ts"
import { Klamm } from "./Klamm.ts"
import type { ConsumerOptions } from "./Options.ts"
import { ConsumerMeasures } from "./observe/ConsumerMeasures.ts"
import * as Spans from "./observe/Spans.ts"
import type { Topic } from "./Topic.ts"

/** What a member of a share group may be told. */
export interface Options
  extends Pick<
    ConsumerOptions,
    "fetchMaxBytes" | "fetchMaxWaitMs" | "fetchMinBytes" | "maxPollRecords" | "clientRack" | "checkCrcs"
  > {
  readonly group: string
  /** What happens with a record that can't be decoded, which is rejected; a warning in the log by default. */
  readonly onDecodeError?: (failure: DecodeFailure) => Effect.Effect<void>
}

/** A record that is this member's until it says what becomes of it, or the time for that is over. */
export interface ShareRecord<K, V, H> extends ConsumerRecord<K, V, H> {
  /** How often it has been delivered to anyone, this time included. */
  readonly deliveryCount: number
  /** Done: it does not come again. */
  readonly accept: Effect.Effect<void>
  /** Not done: it may come again, here or elsewhere. */
  readonly release: Effect.Effect<void>
  /** It never will be done, and does not come again. */
  readonly reject: Effect.Effect<void>
}

const closeTimeoutMs = 10_000

const open = (topic: string, group: string, settings: Settings) =>
  Effect.gen(function* () {
    const { cluster, codecs } = yield* Klamm
    const scope = yield* Scope.make()
    const measures = new ConsumerMeasures(yield* Effect.context<never>(), yield* Clock.Clock, group)
    let memberId = ""
    const session = new ShareSession({ cluster, codecs, settings, group, measures, scope, memberId: () => memberId })
    const host = {
      assign: (partitions: ReadonlyArray<{ topic: string; partition: number }>) =>
        Effect.sync(() => session.assign(partitions)),
      revoke: () => Effect.void,
      lose: (partitions: ReadonlyArray<{ topic: string; partition: number }>) =>
        Effect.sync(() => session.remove(partitions)),
      fail: (error: ConsumerError) => session.fail(error)
    }
    const membership = yield* Scope.provide(ShareGroup.make(cluster, group, settings, [topic], host), scope)
    memberId = membership.memberId
    yield* Effect.forkIn(session.run, scope)
    yield* Effect.addFinalizer((exit) =>
      session.close.pipe(
        Effect.andThen(Effect.sync(() => membership.tell({ _tag: "Leave" }))),
        Effect.andThen(Effect.timeoutOption(Effect.interruptible(membership.ended), closeTimeoutMs)),
        Effect.andThen(Scope.close(scope, exit))
      )
    )
    return session
  })

const warn = (failure: DecodeFailure): Effect.Effect<void> =>
  Effect.logWarning(`${failure.topic}-${failure.partition} at ${failure.offset}: rejected, ${failure.error.message}`)

const acknowledging = (session: ShareSession, { topic, partition, raw }: Acquired, outcome: Outcome) =>
  Effect.sync(() => session.acknowledge({ topic, partition }, (to) => to.add(raw.offset, outcome)))

/** The records of a topic as a member of a share group; whoever pulls them says what becomes of each. */
export const stream = <K, V, H>(
  topic: Topic<K, V, H>,
  options: Options
): Stream.Stream<ShareRecord<K, V, H>, ConsumerError, Klamm> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { group, onDecodeError = warn, ...rest } = options
      const { settings, consumerDefaults } = yield* Klamm
      const session = yield* open(
        topic.name,
        group,
        settingsOf(settings, consumerDefaults, { ...rest, group }, yield* Entropy.uuid)
      )
      const isTraced = yield* Effect.withFiberSucceed((fiber) => Spans.isOn(fiber, settings))
      const understood = (acquired: Acquired): Effect.Effect<ReadonlyArray<ShareRecord<K, V, H>>> => {
        const acknowledge = (outcome: Outcome) => acknowledging(session, acquired, outcome)
        const record = decode(topic, { topic: topic.name, partition: acquired.partition }, acquired.raw)
        if (Result.isFailure(record))
          return Effect.as(Effect.andThen(onDecodeError(record.failure), acknowledge("reject")), [])
        return Effect.succeed([
          {
            ...(isTraced ? withProducerSpan(record.success, acquired.raw) : record.success),
            deliveryCount: acquired.deliveryCount,
            accept: acknowledge("accept"),
            release: acknowledge("release"),
            reject: acknowledge("reject")
          }
        ])
      }
      return Stream.fromEffectRepeat(session.take).pipe(
        Stream.flattenIterable,
        Stream.mapEffect(understood),
        Stream.flattenIterable
      )
    })
  )
