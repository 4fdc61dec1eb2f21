/**
 * @platformatic/kafka (2.12.1) as its users set it up, and what its scenarios share. Neighbours: suite.ts, consuming.ts.
 */
import {
  Admin,
  Consumer,
  type ConsumerOptions,
  type Message,
  type MessageToProduce,
  Producer,
  type ProducerOptions,
  stringDeserializers,
  stringSerializers
} from "@platformatic/kafka"
import { gathered, type Place, unique, using } from "../../harness/Scenario.ts"

export type TextMessage = Message<string, string, string, string>
export type TextConsumer = Consumer<string, string, string, string>

const base = (place: Place) => ({
  clientId: "platformatic-suite",
  bootstrapBrokers: [place.bootstrap],
  retries: 5,
  retryDelay: 100
})

export const withAdmin = <A>(place: Place, use: (admin: Admin) => Promise<A>): Promise<A> =>
  using(
    async () => new Admin(base(place)),
    (admin) => admin.close(),
    use
  )

export const withProducer = <A>(
  place: Place,
  use: (producer: Producer<string, string, string, string>) => Promise<A>,
  options: Partial<ProducerOptions<string, string, string, string>> = {}
): Promise<A> =>
  using(
    async () => new Producer({ ...base(place), serializers: stringSerializers, ...options }),
    (producer) => producer.close(),
    use
  )

export const newConsumer = (
  place: Place,
  groupId: string,
  options: Partial<ConsumerOptions<string, string, string, string>> = {}
) =>
  new Consumer({
    ...base(place),
    groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    heartbeatInterval: 200,
    ...options
  } as ConsumerOptions<string, string, string, string>)

export const withConsumer = <A>(
  place: Place,
  groupId: string,
  use: (consumer: TextConsumer) => Promise<A>
): Promise<A> =>
  using(
    async () => newConsumer(place, groupId),
    (consumer) => consumer.close(true),
    use
  )

export const createTopic = (admin: Admin, topic: string, partitions = 1) =>
  admin.createTopics({ topics: [topic], partitions, replicas: 1 })

export const messages = (
  topic: string,
  count: number,
  stem = "value"
): Array<MessageToProduce<string, string, string, string>> =>
  Array.from({ length: count }, (_, i) => ({ topic, partition: 0, value: `${stem}-${i}` }))

export const filledTopic = async (place: Place, count: number): Promise<string> => {
  const topic = unique("filled")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) => producer.send({ acks: -1, messages: messages(topic, count) }))
  return topic
}

/** Gathers `wanted` records of a topic from `mode` on. */
export const readAll = (place: Place, topic: string, wanted: number): Promise<ReadonlyArray<TextMessage>> =>
  withConsumer(place, unique("reading"), async (consumer) => {
    const seen: Array<TextMessage> = []
    const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false })
    stream.on("data", (message) => seen.push(message))
    await gathered(seen, wanted)
    await stream.close()
    return seen
  })

export const endOf = (place: Place, topic: string): Promise<bigint | undefined> =>
  withConsumer(
    place,
    unique("offsets"),
    async (consumer) => (await consumer.listOffsets({ topics: [topic] })).get(topic)?.[0]
  )
