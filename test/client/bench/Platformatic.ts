/** @platformatic/kafka, as its users set it up. */
import { Consumer, Producer } from "@platformatic/kafka"
import type { Contender } from "./Load.ts"

const base = (bootstrap: string) => ({ clientId: "bench", bootstrapBrokers: bootstrap.split(",") })

export const platformatic: Contender = {
  name: "@platformatic/kafka",
  sender: async ({ bootstrap, topic }) => {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(base(bootstrap))
    return {
      // What the producer itself is told of acks, its requests don't say.
      send: (values) => producer.send({ acks: -1, messages: values.map((value) => ({ topic, value })) }),
      close: () => producer.close()
    }
  },
  read: async ({ bootstrap, topic }, joined, seen) => {
    const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({
      ...base(bootstrap),
      groupId: `${topic}-platformatic-${process.pid}`
    })
    consumer.on("consumer:group:join", joined)
    const stream = await consumer.consume({ topics: [topic], mode: "earliest" })
    for await (const _message of stream) if (seen(1)) break
    await stream.close()
    await consumer.close(true)
  }
}
