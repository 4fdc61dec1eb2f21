/** kafkajs, as its users set it up. */
import { Kafka, logLevel } from "kafkajs"
import type { Contender } from "./Load.ts"

const client = (bootstrap: string): Kafka =>
  new Kafka({ clientId: "bench", brokers: bootstrap.split(","), logLevel: logLevel.NOTHING })

export const kafkajs: Contender = {
  name: "kafkajs",
  sender: async ({ bootstrap, topic }) => {
    const producer = client(bootstrap).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    return {
      send: (values) => producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect()
    }
  },
  read: async ({ bootstrap, topic }, joined, seen) => {
    const consumer = client(bootstrap).consumer({ groupId: `${topic}-kafkajs-${process.pid}` })
    consumer.on(consumer.events.GROUP_JOIN, joined)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((done, failed) => {
      consumer
        .run({
          eachBatch: async ({ batch }) => {
            if (seen(batch.messages.length)) done()
          }
        })
        .catch(failed)
    })
    await consumer.disconnect()
  }
}
