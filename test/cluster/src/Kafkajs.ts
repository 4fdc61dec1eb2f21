/**
 * kafkajs through every failure, as its users set it up. Invariant: a send goes to one partition. Of one that goes to several, kafkajs 2.2.4
 * remembers which brokers have answered, not which partitions: one whose leader moves meanwhile to a broker that has answered
 * is never sent, and is told to be acknowledged. Neighbours: Foreign.ts.
 */
import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from "kafkajs"
import { type Foreign, foreignPartitions, readWithinMs } from "./Foreign.ts"
import { sleep, until } from "./Waiting.ts"

const betweenSendsMs = 5
const batch = 4

const kafkaOf = (addresses: ReadonlyArray<string>): Kafka =>
  new Kafka({
    clientId: "kafkajs",
    brokers: [...addresses],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 1_000 }
  })

/** Writes until told to stop; what a send promises is noted when it holds. */
class Writing {
  readonly acknowledged = new Set<string>()
  givenUp = 0
  private isStopping = false
  private ended: Promise<void> = Promise.resolve()

  start(producer: Producer, topic: string): void {
    this.ended = this.run(producer, topic)
  }

  private async run(producer: Producer, topic: string): Promise<void> {
    for (let next = 0; !this.isStopping; next += batch) {
      const values = Array.from({ length: batch }, (_, index) => String(next + index))
      const partition = (next / batch) % foreignPartitions
      try {
        await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
        for (const value of values) this.acknowledged.add(value)
      } catch {
        // The client has retried as long as it wants to; whether the batch is there is not known.
        this.givenUp += 1
      }
      await sleep(betweenSendsMs)
    }
  }

  stop(): Promise<void> {
    this.isStopping = true
    return this.ended
  }
}

const consume = async (consumer: Consumer, topic: string, read: Set<string>): Promise<void> => {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitInterval: 500,
    eachMessage: async ({ message }) => {
      read.add(String(message.value))
    }
  })
}

export const kafkajs = (addresses: ReadonlyArray<string>): Foreign => {
  const topic = "cluster-kafkajs"
  const kafka = kafkaOf(addresses)
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner
  })
  const consumer = kafka.consumer({ groupId: "kafkajs", sessionTimeout: 6_000, rebalanceTimeout: 6_000 })
  const writing = new Writing()
  const read = new Set<string>()
  return {
    name: "kafkajs",
    topic,
    start: async () => {
      await producer.connect()
      await consume(consumer, topic, read)
      writing.start(producer, topic)
    },
    stop: async () => {
      await writing.stop()
      const missing = (): number => [...writing.acknowledged].filter((value) => !read.has(value)).length
      await until(
        "kafkajs to read all",
        readWithinMs,
        () => missing() === 0,
        () => `${missing()} are missing`
      ).catch(() => 0)
      await producer.disconnect()
      await consumer.disconnect()
      return { acknowledged: writing.acknowledged, read, givenUp: writing.givenUp }
    },
    abandon: () => {
      void writing.stop()
      void producer.disconnect()
      void consumer.disconnect()
    }
  }
}
