/**
 * kafkajs (2.2.4) as its users set it up, and what its scenarios share. Neighbours: suite.ts, consuming.ts.
 */
import { compressionsAlgorithms } from "@platformatic/kafka"
import {
  type Admin,
  CompressionCodecs,
  CompressionTypes,
  type ConsumerConfig,
  type EachMessagePayload,
  Kafka,
  logLevel,
  Partitioners,
  type Producer,
  type ProducerConfig
} from "kafkajs"
import { type Place, unique, using } from "../../harness/Scenario.ts"

/** kafkajs ships gzip only; the other codecs are plugged in as its users plug them in. */
for (const [type, codec] of [
  [CompressionTypes.Snappy, compressionsAlgorithms.snappy],
  [CompressionTypes.LZ4, compressionsAlgorithms.lz4],
  [CompressionTypes.ZSTD, compressionsAlgorithms.zstd]
] as const) {
  CompressionCodecs[type] = () => ({
    compress: async (encoder: { readonly buffer: Buffer }) => codec.compressSync(encoder.buffer),
    decompress: async (buffer: Buffer) => codec.decompressSync(buffer)
  })
}

export const connectTo = (place: Place): Kafka =>
  new Kafka({
    clientId: "kafkajs-suite",
    brokers: [place.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 8, initialRetryTime: 50, maxRetryTime: 500 }
  })

export const withAdmin = <A>(place: Place, use: (admin: Admin) => Promise<A>): Promise<A> =>
  using(
    async () => {
      const admin = connectTo(place).admin()
      await admin.connect()
      return admin
    },
    (admin) => admin.disconnect(),
    use
  )

export const withProducer = <A>(place: Place, use: (producer: Producer) => Promise<A>, config: ProducerConfig = {}) =>
  using(
    async () => {
      const producer = connectTo(place).producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config })
      await producer.connect()
      return producer
    },
    (producer) => producer.disconnect(),
    use
  )

interface Reading {
  readonly config: ConsumerConfig
  readonly topic: string
  readonly fromBeginning?: boolean
  readonly autoCommit?: boolean
}

/** A consumer that gathers what it gets into `seen`; `seek` is done before the first record by its caller. */
export const reader = async (place: Place, reading: Reading, seen: Array<EachMessagePayload>) => {
  const consumer = connectTo(place).consumer({
    maxWaitTimeInMs: 100,
    heartbeatInterval: 300,
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    ...reading.config
  })
  await consumer.connect()
  await consumer.subscribe({ topic: reading.topic, fromBeginning: reading.fromBeginning ?? true })
  await consumer.run({
    autoCommit: reading.autoCommit ?? false,
    eachMessage: async (payload) => {
      seen.push(payload)
    }
  })
  return consumer
}

export const createTopic = (admin: Admin, topic: string, numPartitions = 1) =>
  admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true })

export const values = (count: number, stem = "value") =>
  Array.from({ length: count }, (_, i) => ({ value: `${stem}-${i}` }))

/** A topic with `count` records in its only partition. */
export const filledTopic = async (place: Place, count: number): Promise<string> => {
  const topic = unique("filled")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) => producer.send({ topic, acks: -1, messages: values(count) }))
  return topic
}
