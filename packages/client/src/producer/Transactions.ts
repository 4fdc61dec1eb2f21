/**
 * The transactions of one producer, one after another: which one is open, what belongs to it, how it ends.
 *
 * Invariants: nothing is sent outside of a transaction; after a failure inside one nothing more is sent and it can only be aborted; an
 * abort waits until nothing of the transaction is under way, so that no record of it can arrive behind its end; a producer that was
 * fenced is of no use for ever. Neighbours: `TransactionCalls.ts` asks the coordinators, `Sender.ts` asks this as its identities.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { FencedError, type KlammError, TransactionError } from "../KlammError.ts"
import type { Identity } from "./Batch.ts"
import { Bell } from "./Bell.ts"
import type { Identities } from "./Identity.ts"
import { keyOf } from "./Produce.ts"
import * as Calls from "./TransactionCalls.ts"

/** Why a transaction was not committed. */
export type TransactionFailure = TransactionError | FencedError

/** What a transaction needs of its producer. */
export interface TransactionPorts {
  readonly flush: Effect.Effect<void>
  /** Gives up what is not under way. */
  readonly dropWaiting: (cause: TransactionFailure) => void
  /** Done when nothing is under way any more. */
  readonly settled: Effect.Effect<void>
  readonly ring: () => void
}

/** The level of the feature `transaction.version` at which brokers add partitions by themselves (KIP-890). */
const secondVersion = 2
/** The last version of Produce in which they don't. */
const firstVersionProduceMax = 11

const fencedCodes: ReadonlySet<number> = new Set([ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH])
/** After these the transaction can't even be aborted: the coordinator does not know it. */
const lostCodes: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
])

type Phase = "Idle" | "Open" | "Committing" | "Aborting"

export class Transactions implements Identities {
  readonly isNeeded = true
  readonly wakeAtMs = Number.POSITIVE_INFINITY
  readonly transactionalId: string
  current: Identity | undefined
  isUnderWay = false
  private readonly asker: Calls.TransactionAsker
  private ports: TransactionPorts | undefined
  private phase: Phase = "Idle"
  private fencedBy: number | undefined
  /** What went wrong first in the open transaction. */
  private failure: TransactionFailure | undefined
  /** The identity whose epoch is to be raised before the next transaction. */
  private outworn: Identity | undefined
  private hasStarted = false
  private readonly added = new Set<string>()
  private readonly toAdd = new Map<string, Set<number>>()
  private readonly wanted = new Bell()

  constructor(asker: Calls.TransactionAsker) {
    this.asker = asker
    this.transactionalId = asker.transactionalId
  }

  attach(ports: TransactionPorts): void {
    this.ports = ports
  }

  private get isSecondVersion(): boolean {
    return this.asker.cluster.feature("transaction.version") >= secondVersion
  }

  /** Only `begin` gets identities: the sender waits for it. */
  readonly acquire: Effect.Effect<void, KlammError> = Effect.void

  retire(): void {}

  delivered(): void {}

  maxProduceVersion(): number {
    return this.isSecondVersion ? Number.POSITIVE_INFINITY : firstVersionProduceMax
  }

  /** A newer producer has the transactional id: whatever failed, failed because of that. */
  get fenced(): FencedError | undefined {
    const { transactionalId, fencedBy } = this
    return fencedBy === undefined ? undefined : new FencedError({ transactionalId, code: fencedBy })
  }

  get isAborting(): boolean {
    return this.phase === "Aborting"
  }

  /** Why no record is taken now. */
  get refusal(): number | undefined {
    if (this.fencedBy !== undefined) return this.fencedBy
    if (this.failure !== undefined) return this.failure.code
    return this.phase === "Open" ? undefined : ErrorCode.INVALID_TXN_STATE
  }

  admits({ topic, partition }: { readonly topic: string; readonly partition: number }): boolean {
    if (this.failure !== undefined || this.phase === "Aborting") return false
    if (this.isSecondVersion || this.added.has(keyOf(topic, partition))) {
      this.hasStarted = true
      return true
    }
    const wanted = this.toAdd.get(topic) ?? new Set()
    this.toAdd.set(topic, wanted.add(partition))
    this.wanted.ring()
    return false
  }

  failed(code: number): void {
    if (this.phase === "Aborting" || this.phase === "Idle") return
    this.broke(code, undefined)
  }

  private errorOf(code: number, cause: unknown): TransactionFailure {
    const { transactionalId } = this
    if (fencedCodes.has(code)) {
      this.fencedBy = code
      return new FencedError({ transactionalId, code })
    }
    return new TransactionError({ transactionalId, code, abortable: !lostCodes.has(code), cause })
  }

  private broke(code: number, cause: unknown): TransactionFailure {
    this.failure ??= this.errorOf(code, cause)
    this.outworn = this.current
    return this.failure
  }

  /** The fiber that adds the partitions that are wanted to the transaction. */
  readonly adding: Effect.Effect<never> = Effect.forever(
    Effect.andThen(
      Effect.suspend(() => this.wanted.wait(Number.POSITIVE_INFINITY)),
      Effect.suspend(() => this.add())
    )
  )

  private add(): Effect.Effect<void> {
    const { current } = this
    const topics = Array.from(this.toAdd, ([name, partitions]) => ({ name, partitions: [...partitions] }))
    this.toAdd.clear()
    if (topics.length === 0 || current === undefined) return Effect.void
    this.hasStarted = true
    return Effect.match(Calls.addPartitions(this.asker, current, topics), {
      onFailure: (error) => this.ports?.dropWaiting(this.broke(error.code, error)),
      onSuccess: () => {
        for (const { name, partitions } of topics) for (const each of partitions) this.added.add(keyOf(name, each))
        this.ports?.ring()
      }
    })
  }

  /** Opens a transaction, with an identity of which no earlier producer can have a part. */
  readonly begin: Effect.Effect<void, TransactionFailure> = Effect.suspend(
    (): Effect.Effect<void, TransactionFailure> => {
      if (this.fencedBy !== undefined) return Effect.fail(this.errorOf(this.fencedBy, undefined))
      if (this.phase !== "Idle") return Effect.fail(this.errorOf(ErrorCode.INVALID_TXN_STATE, undefined))
      const opened = Effect.sync(() => {
        this.phase = "Open"
      })
      if (this.current !== undefined && this.outworn === undefined) return opened
      const asked = Effect.mapError(Calls.initProducerId(this.asker, this.outworn), (error) =>
        this.errorOf(error.code, error)
      )
      return Effect.flatMap(asked, (identity) => {
        this.current = identity
        this.outworn = undefined
        return opened
      })
    }
  )

  /** Commits offsets with the transaction: of what was read to make what it writes. */
  sendOffsets(
    group: Calls.TransactionGroup,
    offsets: ReadonlyArray<Calls.TransactionOffset>
  ): Effect.Effect<void, TransactionFailure> {
    return Effect.suspend(() => {
      const { current, refusal } = this
      if (refusal !== undefined || current === undefined) {
        return Effect.fail(this.failure ?? this.errorOf(refusal ?? ErrorCode.INVALID_TXN_STATE, undefined))
      }
      if (offsets.length === 0) return Effect.void
      this.hasStarted = true
      const isSecond = this.isSecondVersion
      const added = isSecond ? Effect.void : Calls.addOffsets(this.asker, current, group.group)
      return Effect.andThen(added, Calls.commitOffsets(this.asker, current, group, offsets, isSecond)).pipe(
        Effect.mapError((error) => this.broke(error.code, error))
      )
    })
  }

  /** Delivers what was sent and makes it visible, all of it; what can't be is aborted, and the failure says why. */
  readonly commit: Effect.Effect<void, TransactionFailure> = Effect.suspend(() =>
    Effect.flatMap(this.ports?.flush ?? Effect.void, () => {
      if (this.failure !== undefined) return Effect.fail(this.failure)
      this.phase = "Committing"
      return Effect.onError(Effect.uninterruptible(this.end(true)), () =>
        Effect.sync(() => {
          this.phase = "Open"
        })
      )
    })
  )

  /** Makes what was sent invisible for ever. */
  readonly abort: Effect.Effect<void, TransactionFailure> = Effect.suspend(() => {
    if (this.phase !== "Open") return Effect.void
    this.phase = "Aborting"
    const { transactionalId } = this
    const code = this.failure?.code ?? ErrorCode.TRANSACTION_ABORTABLE
    this.ports?.dropWaiting(this.failure ?? new TransactionError({ transactionalId, code, abortable: true }))
    const ended = Effect.suspend(() => (this.isEndable ? this.end(false) : Effect.sync(() => this.close())))
    return Effect.onError(Effect.andThen(this.ports?.settled ?? Effect.void, ended), () =>
      Effect.sync(() => this.close())
    )
  })

  private get isEndable(): boolean {
    return this.fencedBy === undefined && !(this.failure?._tag === "TransactionError" && !this.failure.abortable)
  }

  private end(committed: boolean): Effect.Effect<void, TransactionFailure> {
    const { current } = this
    if (current === undefined || !this.hasStarted) return Effect.sync(() => this.close())
    const isSecond = this.isSecondVersion
    return Effect.matchEffect(Calls.end(this.asker, current, committed, isSecond), {
      onFailure: (error) => Effect.fail(this.broke(error.code, error)),
      onSuccess: (next) =>
        Effect.sync(() => {
          this.current = next
          // The end has raised the epoch already.
          if (isSecond) this.outworn = undefined
          this.close()
        })
    })
  }

  private close(): void {
    this.phase = "Idle"
    this.failure = undefined
    this.hasStarted = false
    this.added.clear()
    this.toAdd.clear()
  }
}

/**
 * Runs `inside` in a transaction: committed when it succeeds, aborted when it fails, dies or is interrupted. What fails inside of a
 * producer that was fenced meanwhile is a FencedError, not what it happened to be.
 */
export const within = <A, E, R>(
  transactions: Transactions,
  inside: Effect.Effect<A, E, R>
): Effect.Effect<A, E | TransactionFailure, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.andThen(
      restore(transactions.begin),
      Effect.onError(
        Effect.tap(
          Effect.catch(
            restore(inside),
            (error): Effect.Effect<never, E | FencedError> => Effect.fail(transactions.fenced ?? error)
          ),
          () => restore(transactions.commit)
        ),
        () => Effect.ignore(transactions.abort)
      )
    )
  )
