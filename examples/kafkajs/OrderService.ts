/**
 * An application that knows nothing of Klamm: a service on kafkajs, as it might stand in a NestJS module. It takes orders from one topic
 * and confirms each on another. `brokers` is all that it is told, so a test can give it a cluster of its own.
 */
import { type Consumer, Kafka, logLevel, type Producer } from "kafkajs"

export class OrderService {
  private readonly producer: Producer
  private readonly consumer: Consumer

  constructor(brokers: ReadonlyArray<string>) {
    const kafka = new Kafka({ clientId: "orders", brokers: [...brokers], logLevel: logLevel.NOTHING })
    this.producer = kafka.producer({ idempotent: true })
    this.consumer = kafka.consumer({ groupId: "order-service", maxWaitTimeInMs: 100 })
  }

  async onModuleInit(): Promise<void> {
    await Promise.all([this.producer.connect(), this.consumer.connect()])
    await this.consumer.subscribe({ topic: "orders", fromBeginning: true })
    await this.consumer.run({
      eachMessage: async ({ message }) => {
        const order = JSON.parse(message.value?.toString() ?? "null") as { readonly id: string }
        await this.producer.send({
          topic: "confirmations",
          messages: [{ key: message.key, value: JSON.stringify({ order: order.id, confirmed: true }) }]
        })
      }
    })
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.consumer.disconnect(), this.producer.disconnect()])
  }
}
