/**
 * Under which id and epoch a producer's batches go. Here the ports that the sender asks, the one without identities, and the one of
 * idempotent producers, which get theirs from any broker and raise the epoch themselves (KIP-360). Neighbour: `Transactions.ts` has
 * the one of transactional producers.
 */
import { InitProducerIdRequest, InitProducerIdResponse } from "@klamm/protocol/api/22-InitProducerId"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { anyBroker, type Cluster } from "../Cluster.ts"
import { BrokerError, type KlammError } from "../KlammError.ts"
import type { Identity } from "./Batch.ts"

export const initProducerIdApi = { request: InitProducerIdRequest, response: InitProducerIdResponse }

/** The largest epoch there is, an int16; Kafka keeps the last for fencing. */
export const lastEpoch = 0x7ffe

export interface Identities {
  /** Whether batches carry an identity at all. */
  readonly isNeeded: boolean
  readonly transactionalId: string | null
  readonly current: Identity | undefined
  /** Somebody is getting one at this moment. */
  readonly isUnderWay: boolean
  /** Gets one; tried until it is there or never will be. */
  readonly acquire: Effect.Effect<void, KlammError>
  /** The present one is of no more use in some partition: the next is another. */
  readonly retire: () => void
  /** Whether batches of the partition may leave now. */
  readonly admits: (queue: { readonly topic: string; readonly partition: number }) => boolean
  readonly maxProduceVersion: () => number
  readonly delivered: () => void
  /** A batch was given up with this code. */
  readonly failed: (code: number) => void
  /** What comes back is given up instead of sent again. */
  readonly isAborting: boolean
  /** The code with which records are refused now. */
  readonly refusal: number | undefined
  /** When the sender has to look again on account of this, in ms. */
  readonly wakeAtMs: number
}

const nobody: Identities = {
  isNeeded: false,
  transactionalId: null,
  current: undefined,
  isUnderWay: false,
  acquire: Effect.void,
  retire: () => undefined,
  admits: () => true,
  maxProduceVersion: () => Number.POSITIVE_INFINITY,
  delivered: () => undefined,
  failed: () => undefined,
  isAborting: false,
  refusal: undefined,
  wakeAtMs: Number.POSITIVE_INFINITY
}

export const noIdentities = (): Identities => nobody

/** Asks a broker for an identity of its own making. */
const ask = (cluster: Cluster): Effect.Effect<Identity, KlammError> => {
  const body = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
  const asked = cluster.ask(
    anyBroker,
    initProducerIdApi,
    { ...body, enable2Pc: false, keepPreparedTxn: false },
    ({ errorCode, producerId, producerEpoch }) => ({ errorCode, identity: { id: producerId, epoch: producerEpoch } })
  )
  const checked = Effect.flatMap(
    asked,
    ({ errorCode, identity }): Effect.Effect<Identity, BrokerError> =>
      errorCode === ErrorCode.NONE
        ? Effect.succeed(identity)
        : Effect.fail(new BrokerError({ code: errorCode, api: "InitProducerId" }))
  )
  return cluster.retrying(checked, { about: "a producer id", timeoutMs: Number.POSITIVE_INFINITY })
}

export class IdempotentIdentities implements Identities {
  readonly isNeeded = true
  readonly transactionalId = null
  readonly wakeAtMs = Number.POSITIVE_INFINITY
  readonly isAborting = false
  readonly refusal = undefined
  current: Identity | undefined
  isUnderWay = false
  private readonly cluster: Cluster

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  readonly acquire: Effect.Effect<void, KlammError> = Effect.suspend(() => {
    this.isUnderWay = true
    return Effect.map(ask(this.cluster), (identity) => {
      this.current = identity
    })
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        this.isUnderWay = false
      })
    )
  )

  retire(): void {
    const { current } = this
    const isLast = current === undefined || current.epoch >= lastEpoch
    this.current = isLast ? undefined : { id: current.id, epoch: current.epoch + 1 }
  }

  admits(): boolean {
    return true
  }

  maxProduceVersion(): number {
    return Number.POSITIVE_INFINITY
  }

  delivered(): void {}

  failed(): void {}
}
