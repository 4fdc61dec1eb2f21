/**
 * How the administrator's calls are made: one request, its answer read at once, what the brokers refused as a typed error, and another
 * attempt where Kafka's clients make one. Invariants: what was refused is asked again only when all of it was refused; a call that succeeds
 * has succeeded for every resource it names. A call whose answer was lost is repeated too, so what it did may be refused as done already. Neighbours: the files beside this one, one per kind of
 * resource.
 */
import type { Message } from "@klamm/protocol/Api"
import { ErrorCode, type ErrorName, errorByCode } from "@klamm/protocol/ErrorCode"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import {
  type ApiPair,
  anyBroker,
  type Body,
  broker,
  type Cluster,
  controller,
  coordinator,
  type Target
} from "../Cluster.ts"
import { Klamm } from "../Klamm.ts"
import type { RequestError } from "../KlammError.ts"

export { anyBroker, broker, controller, coordinator, type Target }

/** One resource that was refused. */
export interface Failure {
  /** The topic, partition, group, … it is about; empty when it is about the call. */
  readonly resource: string
  readonly code: number
  /** Kafka's name of the code. */
  readonly codeName: ErrorName | "UNKNOWN"
  readonly retriable: boolean
  readonly message: string
}

/** What the cluster refused; resources of the call that are not among the failures were done. */
export class AdminError extends Data.TaggedError("AdminError")<{
  readonly operation: string
  readonly failures: NonEmptyReadonlyArray<Failure>
}> {
  get code(): number {
    return this.failures[0].code
  }

  /** Kafka's name of the first failure's code. */
  get codeName(): ErrorName | "UNKNOWN" {
    return this.failures[0].codeName
  }

  get retriable(): boolean {
    return this.failures.every(({ retriable }) => retriable)
  }

  override get message(): string {
    const told = this.failures.map(({ resource, codeName, message }) =>
      [resource, codeName, message].filter((part) => part !== "").join(": ")
    )
    return `${this.operation}: ${told.join("; ")}`
  }
}

/** What an administrator's call is: an effect that needs a client. */
export type Admin<A> = Effect.Effect<A, AdminError, Klamm>

/** Something in an answer that has a code of its own. */
export interface Coded {
  readonly errorCode: number
  readonly errorMessage?: string | null
}

export const failureOf = (resource: string, { errorCode, errorMessage }: Coded): ReadonlyArray<Failure> => {
  if (errorCode === ErrorCode.NONE) return []
  const info = errorByCode(errorCode)
  return [
    {
      resource,
      code: errorCode,
      codeName: info?.name ?? "UNKNOWN",
      retriable: info?.retriable ?? false,
      message: errorMessage ?? info?.message ?? ""
    }
  ]
}

export const failuresOf = <A extends Coded>(
  parts: ReadonlyArray<A>,
  resourceOf: (part: A) => string
): ReadonlyArray<Failure> => parts.flatMap((part) => failureOf(resourceOf(part), part))

/** Another broker may answer otherwise, or this one in a moment; what was asked has not been done. */
export const worthAnotherAttempt: ReadonlySet<number> = new Set([
  ErrorCode.NOT_CONTROLLER,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.THROTTLING_QUOTA_EXCEEDED,
  ErrorCode.CONCURRENT_TRANSACTIONS
])

/** What was read from an answer: its value, what was refused, and how many resources it speaks of. */
export interface Outcome<A> {
  readonly value: A
  readonly failures: ReadonlyArray<Failure>
  readonly parts: number
}

export const outcome = <A>(value: A, failures: ReadonlyArray<Failure> = [], parts = failures.length): Outcome<A> => ({
  value,
  failures,
  parts
})

export interface Call<Req, Res, A> {
  /** As it is told in errors. */
  readonly operation: string
  readonly target: Target
  readonly api: ApiPair<Req, Res>
  readonly body: Body<Req>
  /** Must copy what it keeps of byte fields. */
  readonly read: (answer: Message<Res>["Type"], version: number) => Outcome<A>
  readonly minVersion?: number
  readonly maxVersion?: number
}

const unanswered = ({ code, codeName, message, retriable }: RequestError): Failure => ({
  resource: "",
  code,
  codeName,
  retriable,
  message
})

/** What was known of that target is wrong: it is looked for anew. */
const lookAnew = (cluster: Cluster, target: Target): void => {
  if (target._tag === "Coordinator") cluster.invalidateCoordinator(target.kind, target.key)
  else cluster.invalidate()
}

/** Asks once. */
export const attempt = <Req, Res, A>(
  cluster: Cluster,
  call: Call<Req, Res, A>
): Effect.Effect<Outcome<A>, AdminError> => {
  const { operation, target, api, body, read, minVersion, maxVersion } = call
  const options = {
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion })
  }
  const isStale = ({ failures }: Outcome<A>) => failures.some(({ code }) => worthAnotherAttempt.has(code))
  return cluster.ask(target, api, body, read, options).pipe(
    Effect.tapError(() => Effect.sync(() => lookAnew(cluster, target))),
    Effect.mapError((error) => new AdminError({ operation, failures: [unanswered(error)] })),
    Effect.tap((answered) => Effect.sync(() => isStale(answered) && lookAnew(cluster, target)))
  )
}

/** Asks until it is answered, refused for good, or out of time. */
export const ask = <Req, Res, A>(call: Call<Req, Res, A>): Admin<A> =>
  Effect.gen(function* () {
    const { cluster, settings } = yield* Klamm
    const endMs = (yield* Clock.currentTimeMillis) + settings.apiTimeoutMs
    for (let attempts = 1; ; attempts++) {
      const pauseMs = cluster.backoffMs(attempts)
      const tried = yield* Effect.result(attempt(cluster, call))
      const isOver = (yield* Clock.currentTimeMillis) + pauseMs > endMs
      if (tried._tag === "Failure") {
        if (isOver || !tried.failure.retriable) return yield* tried.failure
      } else {
        const { value, failures, parts } = tried.success
        const [first, ...others] = failures
        if (first === undefined) return value
        const mayRepeat = failures.length >= parts && failures.every(({ code }) => worthAnotherAttempt.has(code))
        if (isOver || !mayRepeat) {
          return yield* new AdminError({ operation: call.operation, failures: [first, ...others] })
        }
      }
      yield* Effect.sleep(pauseMs)
    }
  })

/** Fails for one resource without asking. */
export const refuse = (operation: string, resource: string, error: ErrorName): Effect.Effect<never, AdminError> => {
  const [failure] = failureOf(resource, { errorCode: ErrorCode[error] })
  return Effect.fail(new AdminError({ operation, failures: [failure!] }))
}

/** A topic by its value or its name. */
export type TopicName = string | { readonly name: string }
export const nameOf = (topic: TopicName): string => (typeof topic === "string" ? topic : topic.name)

/** A partition of a topic that is given by its value or its name. */
export interface TopicPartition {
  readonly topic: TopicName
  readonly partition: number
}

export const printPartition = (topic: string, partition: number): string => `${topic}-${partition}`

/** Of several things about partitions, those of each topic together, in the order in which they came. */
export const byTopic = <A extends TopicPartition>(
  parts: ReadonlyArray<A>
): ReadonlyArray<readonly [string, ReadonlyArray<A>]> => {
  const topics = new Map<string, Array<A>>()
  for (const part of parts) {
    const name = nameOf(part.topic)
    const known = topics.get(name)
    if (known === undefined) topics.set(name, [part])
    else known.push(part)
  }
  return [...topics]
}

/** Of several things, those of each key together. */
export const groupBy = <K, A>(
  parts: ReadonlyArray<A>,
  keyOf: (part: A) => K
): ReadonlyArray<readonly [K, ReadonlyArray<A>]> => {
  const groups = new Map<K, Array<A>>()
  for (const part of parts) {
    const key = keyOf(part)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [part])
    else known.push(part)
  }
  return [...groups]
}

/** Names for the numbers of the protocol, both ways. */
export const names = <const Name extends string>(table: { readonly [K in Name]: number }) => {
  const byNumber = new Map(Object.entries<number>(table).map(([name, number]) => [number, name as Name]))
  return {
    numberOf: (name: Name): number => table[name],
    nameOf: (number: number): Name | "unknown" => byNumber.get(number) ?? "unknown"
  }
}

const operationNames = [
  "any",
  "all",
  "read",
  "write",
  "create",
  "delete",
  "alter",
  "describe",
  "clusterAction",
  "describeConfigs",
  "alterConfigs",
  "idempotentWrite",
  "createTokens",
  "describeTokens",
  "twoPhaseCommit"
] as const

/** What somebody may do with a resource. */
export type AclOperation = (typeof operationNames)[number]
export const aclOperations = names(
  Object.fromEntries(operationNames.map((name, index) => [name, index + 1])) as {
    readonly [Name in AclOperation]: number
  }
)

const notAskedFor = -2_147_483_648

/** A set of operations in the bits of a number; undefined when the broker was not asked. */
export const operationsIn = (bits: number): ReadonlyArray<AclOperation> | undefined =>
  bits === notAskedFor ? undefined : operationNames.filter((_, index) => (bits & (1 << (index + 1))) !== 0)
