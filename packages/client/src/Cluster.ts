/**
 * A cluster as its clients see it: whom to ask, how, and what is known of who leads what. This is the contract; `cluster/ClusterLive.ts`
 * keeps it. Invariants: metadata of an older leader epoch is never believed over a newer one; a request is never sent twice by this layer
 * (`retrying` repeats, and says so); every answer's memory is given back exactly once, by whoever took it.
 */
import type { Message } from "@klamm/protocol/Api"
import type * as Effect from "effect/Effect"
import type { KlammError, RequestError } from "./KlammError.ts"

/** What a coordinator coordinates. */
export type CoordinatorKind = "group" | "transaction" | "share"

/** Whom to ask. `Any`: the broker with the least to do. `Controller`: who serves changes of the cluster (behaviour 031). */
export type Target =
  | { readonly _tag: "Any" }
  | { readonly _tag: "Broker"; readonly id: number }
  | { readonly _tag: "Controller" }
  | { readonly _tag: "Coordinator"; readonly kind: CoordinatorKind; readonly key: string }

/** Whoever has the least to do. */
export const anyBroker: Target = { _tag: "Any" }
/** Whoever serves changes of the cluster. */
export const controller: Target = { _tag: "Controller" }
/** This one. */
export const broker = (id: number): Target => ({ _tag: "Broker", id })
/** The coordinator of a group or a transactional id. */
export const coordinator = (kind: CoordinatorKind, key: string): Target => ({ _tag: "Coordinator", kind, key })

/** The messages of one API of Kafka, as @klamm/protocol has them. */
export interface ApiPair<Request, Response> {
  readonly request: Message<Request>
  readonly response: Message<Response>
}

/** A request's body, or how it looks in the version that was agreed on. */
export type Body<Request> = Message<Request>["Input"] | ((version: number) => Message<Request>["Input"])

/** Of one request. */
export interface RequestOptions {
  /** From the moment a connection is there until the answer is; `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number
  /** Bounds on the version, within those of the table. Below `minVersion` it is an UnsupportedVersion. */
  readonly minVersion?: number
  readonly maxVersion?: number
  /** Answers of a connection come in the order of its requests: what polls long has a lane of its own. `main` when left out. */
  readonly lane?: string
}

/** An answer whose byte fields are views of receive memory until `release`, which its taker calls exactly once. */
export interface Answer<Response> {
  readonly body: Message<Response>["Type"]
  readonly version: number
  /** The broker that answered; below 0 for one of the bootstrap servers, whose id is not known. */
  readonly brokerId: number
  readonly release: () => void
}

/** Where a broker is; `rack` is null where it has none. */
export interface Broker {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Who leads a partition, and who has it. */
export interface PartitionMetadata {
  readonly partition: number
  readonly errorCode: number
  /** -1: none at the moment. */
  readonly leaderId: number
  /** -1: the broker did not say. */
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly inSync: ReadonlyArray<number>
  readonly offline: ReadonlyArray<number>
}

/** A topic as metadata told of it; `errorCode` other than 0 says why there is no more. */
export interface TopicMetadata {
  readonly name: string
  /** All zeros when the broker does not know topic ids. */
  readonly topicId: string
  readonly isInternal: boolean
  readonly errorCode: number
  /** In the order of their numbers, from 0. */
  readonly partitions: ReadonlyArray<PartitionMetadata>
}

/** What is known at a moment. A value: a later one replaces it. */
export interface ClusterMetadata {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: ReadonlyMap<number, Broker>
  readonly topics: ReadonlyMap<string, TopicMetadata>
}

/** A broker and the epoch in which it leads. */
export interface Leader {
  readonly id: number
  readonly epoch: number
}

/** A leader that a broker named in its answer (KIP-951). */
export interface LeaderNews {
  readonly topic: string
  readonly partition: number
  readonly leader: Leader
}

/** Of `retrying`. */
export interface RetryOptions {
  /** For messages and errors: what is tried. */
  readonly about: string
  /** When it has to be done; `apiTimeoutMs` when left out, Infinity for ever. */
  readonly timeoutMs?: number
  /** The topics whose metadata is asked for anew when an error says that it is stale. */
  readonly topics?: ReadonlyArray<string>
  /** The coordinator to be looked up again when an error says that it is wrong. */
  readonly coordinator?: { readonly kind: CoordinatorKind; readonly key: string }
  /** What else to try again after; by default what the error itself says. */
  readonly isRetriable?: (error: KlammError) => boolean
}

/** Whom to ask and how: the service that producers, consumers and administrators stand on. */
export interface Cluster {
  /** One request at the highest version both sides know. Makes the connection and agrees on versions first; repeats nothing. */
  readonly request: <Request, Response>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    options?: RequestOptions
  ) => Effect.Effect<Answer<Response>, RequestError>

  /** `request`, with the answer's memory given back when `use` is done with it. */
  readonly ask: <Request, Response, A>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    use: (body: Message<Response>["Type"], version: number) => A,
    options?: RequestOptions
  ) => Effect.Effect<A, RequestError>

  /** A request that has no answer (Produce with acks 0): done when it is on its way. */
  readonly tell: <Request, Response>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    options?: RequestOptions
  ) => Effect.Effect<void, RequestError>

  /** What is known of these topics, asked for when it is not known or too old. An absent topic is there with its error code. */
  readonly metadata: (topics: ReadonlyArray<string>) => Effect.Effect<ClusterMetadata, KlammError>
  /** The metadata of all topics, asked for now. */
  readonly allTopics: Effect.Effect<ClusterMetadata, KlammError>
  /** Asks now, whatever is known; many who want the same at the same time cause one request. */
  readonly refresh: (topics: ReadonlyArray<string>) => Effect.Effect<ClusterMetadata, KlammError>
  /** What is known at this moment, without asking. */
  readonly known: () => ClusterMetadata
  /** Metadata of the topic, or of all, known to be wrong: the next who needs it asks. */
  readonly invalidate: (topic?: string) => void
  /** Believes a broker that names a newer leader than the one known. */
  readonly learn: (
    news: ReadonlyArray<LeaderNews>,
    endpoints: ReadonlyArray<{
      readonly nodeId: number
      readonly host: string
      readonly port: number
      readonly rack: string | null
    }>
  ) => void

  /** The topic, tried for until it is there or the time is over; an absent topic is UNKNOWN_TOPIC_OR_PARTITION in the end. */
  readonly topic: (name: string, timeoutMs?: number) => Effect.Effect<TopicMetadata, KlammError>
  /** One look at the known leader, or at fresh metadata: LEADER_NOT_AVAILABLE when there is none. Repeat with `retrying`. */
  readonly leaderOf: (topic: string, partition: number) => Effect.Effect<Leader, KlammError>
  /** The level at which the brokers agreed on a feature (`transaction.version`, `group.version`), as last heard; 0: not at all. */
  readonly feature: (name: string) => number
  /** The name of a topic that metadata has told of, by its id. */
  readonly nameOf: (topicId: string) => string | undefined

  /** Where the coordinator is: remembered, or looked up once. */
  readonly coordinatorOf: (kind: CoordinatorKind, key: string) => Effect.Effect<number, RequestError>
  readonly invalidateCoordinator: (kind: CoordinatorKind, key: string) => void

  /**
   * Repeats what fails with a retriable error: backoff that doubles, with jitter, and what the error says is stale is asked for anew.
   * When the time is over: a TimeoutError with the last failure in it.
   */
  readonly retrying: <A, R>(
    effect: Effect.Effect<A, KlammError, R>,
    options: RetryOptions
  ) => Effect.Effect<A, KlammError, R>
  /** The pause before attempt number `attempt` (from 1) of anything, in milliseconds: for loops of one's own. */
  readonly backoffMs: (attempt: number) => number
}
