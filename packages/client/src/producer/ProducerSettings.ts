/** A producer's options with Kafka's defaults in their places, and checked against one another. Pure. Neighbour: `../Options.ts`. */
import * as Effect from "effect/Effect"
import { ConfigError } from "../KlammError.ts"
import type { Compression, ProducerOptions } from "../Options.ts"
import type { Partitioner } from "../Partitioner.ts"

export interface ProducerSettings {
  readonly acks: -1 | 0 | 1
  readonly isIdempotent: boolean
  readonly maxInFlight: number
  readonly lingerMs: number
  readonly batchSize: number
  readonly bufferMemory: number
  readonly maxBlockMs: number
  readonly maxRequestSize: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly compression: Compression
  readonly compressionLevel: number | undefined
  readonly partitioner: Partitioner | undefined
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
}

/** So many batches of a producer a broker remembers in each partition, to know one that it has stored already (behaviour 062). */
const rememberedBatches = 5

const wrong = (why: string) => Effect.fail(new ConfigError({ why }))

const withDefaults = (options: ProducerOptions): ProducerSettings => {
  const acks = options.acks === undefined || options.acks === "all" ? -1 : options.acks
  const maxInFlight = options.maxInFlightRequestsPerConnection ?? rememberedBatches
  const canBeIdempotent = acks === -1 && maxInFlight <= rememberedBatches
  return {
    acks,
    isIdempotent: options.enableIdempotence ?? (canBeIdempotent || options.transactionalId !== undefined),
    maxInFlight,
    lingerMs: options.lingerMs ?? 5,
    batchSize: options.batchSize ?? 16_384,
    bufferMemory: options.bufferMemory ?? 33_554_432,
    maxBlockMs: options.maxBlockMs ?? 60_000,
    maxRequestSize: options.maxRequestSize ?? 1_048_576,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    compression: options.compressionType ?? "none",
    compressionLevel: options.compressionLevel,
    partitioner: options.partitioner,
    transactionalId: options.transactionalId,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 60_000
  }
}

export const producerSettings = (options: ProducerOptions): Effect.Effect<ProducerSettings, ConfigError> => {
  const settings = withDefaults(options)
  const { isIdempotent, acks, maxInFlight, lingerMs, requestTimeoutMs, deliveryTimeoutMs, transactionalId } = settings
  if (isIdempotent && acks !== -1) return wrong("enableIdempotence needs acks: all")
  if (isIdempotent && maxInFlight > rememberedBatches) {
    return wrong(`enableIdempotence needs maxInFlightRequestsPerConnection of at most ${rememberedBatches}`)
  }
  if (transactionalId !== undefined && !isIdempotent) return wrong("transactionalId needs enableIdempotence")
  if (transactionalId === "") return wrong("transactionalId is empty")
  if (maxInFlight < 1) return wrong("maxInFlightRequestsPerConnection is below 1")
  if (deliveryTimeoutMs < lingerMs + requestTimeoutMs) {
    return wrong("deliveryTimeoutMs is less than lingerMs and requestTimeoutMs together")
  }
  return Effect.succeed(settings)
}
