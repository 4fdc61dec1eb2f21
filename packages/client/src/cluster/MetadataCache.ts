/**
 * The latest known metadata, and the rounds that ask for it.
 *
 * Invariants: one round is under way at a time and one more may wait, so that however many want to know, brokers are asked once; a
 * round asks for every topic that is in use; whoever waits is told how the round ended that began after it asked. Neighbours:
 * `Metadata.ts` says what an answer changes, `Router.ts` whom to ask.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { anyBroker, type ClusterMetadata, type TopicMetadata } from "../Cluster.ts"
import { BrokerError, type ClosedError, type RequestError } from "../KlammError.ts"
import type { Life } from "../Life.ts"
import type { Settings } from "../Options.ts"
import { learned, nothingKnown } from "./Metadata.ts"
import type { Router } from "./Router.ts"

const metadataApi = { request: MetadataRequest, response: MetadataResponse }

/** A topic that nobody asked about for so long is no longer asked for (metadata.max.idle.ms). */
const topicIdleMs = 300_000

interface Round {
  readonly ended: Deferred.Deferred<ClusterMetadata, RequestError>
}

export class MetadataCache {
  value: ClusterMetadata = nothingKnown
  private readonly settings: Settings
  private readonly clock: Clock.Clock
  private readonly life: Life
  private readonly router: () => Router
  private readonly names = new Map<string, string>()
  private readonly usedAtMs = new Map<string, number>()
  private readonly askedAtMs = new Map<string, number>()
  private current: Round | undefined
  private next: Round | undefined

  constructor(settings: Settings, clock: Clock.Clock, life: Life, router: () => Router) {
    this.settings = settings
    this.clock = clock
    this.life = life
    this.router = router
  }

  private get nowMs(): number {
    return monotonicMsOf(this.clock)
  }

  /** The topic, unless it is unknown, known to be wrong, or too old. */
  fresh(name: string): TopicMetadata | undefined {
    const topic = this.value.topics.get(name)
    const askedAtMs = this.askedAtMs.get(name)
    if (topic === undefined || askedAtMs === undefined || topic.errorCode !== ErrorCode.NONE) return undefined
    return this.nowMs - askedAtMs < this.settings.metadataMaxAgeMs ? topic : undefined
  }

  use(names: ReadonlyArray<string>): void {
    for (const name of names) this.usedAtMs.set(name, this.nowMs)
  }

  invalidate(topic: string | undefined): void {
    if (topic === undefined) this.askedAtMs.clear()
    else this.askedAtMs.delete(topic)
  }

  nameOf(topicId: string): string | undefined {
    return this.names.get(topicId)
  }

  /** Learns from a round that began after this was called. */
  refresh(names: ReadonlyArray<string>): Effect.Effect<ClusterMetadata, RequestError> {
    return Effect.suspend(() => {
      this.use(names)
      const { current, next } = this
      if (next !== undefined) return Deferred.await(next.ended)
      const round: Round = { ended: Deferred.makeUnsafe() }
      if (current !== undefined) {
        this.next = round
        return Deferred.await(round.ended)
      }
      this.current = round
      const begun = this.life.run(this.run(round), (error) => this.end(Exit.fail(error)))
      return Effect.andThen(begun, Deferred.await(round.ended))
    })
  }

  /** Everything there is, beside the rounds. */
  readonly all: Effect.Effect<ClusterMetadata, RequestError> = Effect.suspend(() => this.ask(null, 1))

  private run(round: Round): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const names = this.tracked()
      Deferred.doneUnsafe(round.ended, yield* Effect.exit(this.ask(names, this.router().placeCount)))
      this.current = this.next
      this.next = undefined
      if (this.current !== undefined) yield* this.run(this.current)
    })
  }

  /** Tells all who wait; there will be no more rounds. */
  private end(exit: Exit.Exit<never, ClosedError>): void {
    for (const round of [this.current, this.next]) if (round !== undefined) Deferred.doneUnsafe(round.ended, exit)
    this.current = undefined
    this.next = undefined
  }

  private tracked(): ReadonlyArray<string> {
    for (const [name, usedAtMs] of this.usedAtMs) {
      if (this.nowMs - usedAtMs > topicIdleMs) this.usedAtMs.delete(name)
    }
    return [...this.usedAtMs.keys()]
  }

  /** Asks one after another, as long as those that can't be reached are not all. */
  private ask(names: ReadonlyArray<string> | null, tries: number): Effect.Effect<ClusterMetadata, RequestError> {
    const topics = names?.map((name) => ({ name })) ?? null
    const asked = this.router().ask(
      anyBroker,
      metadataApi,
      (version) => ({
        topics: topics === null && version === 0 ? [] : topics,
        allowAutoTopicCreation: version < 4 || (topics !== null && this.settings.allowAutoCreateTopics),
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false
      }),
      (answer) => this.take(names, answer)
    )
    return Effect.catch(Effect.flatten(asked), (error) => {
      const goesOn = tries > 1 && (error._tag === "ConnectionError" || error._tag === "BrokerError")
      return goesOn ? this.ask(names, tries - 1) : Effect.fail(error)
    })
  }

  private take(
    names: ReadonlyArray<string> | null,
    answer: typeof MetadataResponse.Type
  ): Effect.Effect<ClusterMetadata, BrokerError> {
    if (answer.errorCode !== ErrorCode.NONE) {
      // The cluster is not the one that was known: only the bootstrap servers are (KIP-1102).
      if (answer.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) this.value = { ...this.value, brokers: new Map() }
      return Effect.fail(new BrokerError({ code: answer.errorCode, api: "Metadata" }))
    }
    this.value = learned(this.value, answer)
    const { nowMs } = this
    for (const name of names ?? this.value.topics.keys()) this.askedAtMs.set(name, nowMs)
    for (const { topicId, name } of this.value.topics.values()) this.names.set(topicId, name)
    return Effect.succeed(this.value)
  }
}
