import { Klamm, Producer, Topic } from "@klamm/client"
import { type StartedCluster, startTestCluster } from "@klamm/testing"
import { Effect, Schema } from "effect"
import { Kafka, logLevel } from "kafkajs"
import { afterAll, beforeAll, expect, it } from "vitest"
import { OrderService } from "./OrderService.ts"

const Placed = Topic.make("placed", { key: Schema.String, value: Schema.String, partitions: 7 })

let cluster: StartedCluster
let service: OrderService

beforeAll(async () => {
  cluster = await startTestCluster({
    topics: ["orders", "confirmations", Placed],
    settings: { "group.initial.rebalance.delay.ms": 0 } // a group begins as soon as it has a member
  })
  service = new OrderService(cluster.bootstrap.split(","))
  await service.onModuleInit()
})

afterAll(async () => {
  await service.onModuleDestroy()
  await cluster.stop()
})

it("keys lie where the other client puts them", async () => {
  const keys = Array.from({ length: 20 }, (_, n) => `customer-${n}`)
  const shop = new Kafka({ brokers: cluster.bootstrap.split(","), logLevel: logLevel.NOTHING }).producer()
  await shop.connect()
  const placesOf = async (key: string) => {
    const [stored] = await shop.send({ topic: Placed.name, messages: [{ key, value: "x" }] })
    const sent = Producer.send(Placed, { key, value: "x" })
    const { partition } = await Effect.runPromise(Effect.provide(sent, Klamm.layer({ bootstrap: cluster.bootstrap })))
    return [stored?.partition, partition]
  }
  const places = await Promise.all(keys.map(placesOf))
  await shop.disconnect()
  for (const [theirs, ours] of places) expect(ours).toBe(theirs)
  expect(new Set(places.flat()).size).toBeGreaterThan(3)
})

it("confirms every order, in order", async () => {
  const kafka = new Kafka({ brokers: cluster.bootstrap.split(","), logLevel: logLevel.NOTHING })
  const ids = Array.from({ length: 50 }, (_, n) => `o-${n}`)
  const shop = kafka.producer()
  await shop.connect()
  await shop.send({ topic: "orders", messages: ids.map((id) => ({ key: "alice", value: JSON.stringify({ id }) })) })
  await shop.disconnect()

  const confirmed: Array<string> = []
  const customer = kafka.consumer({ groupId: "customer" })
  await customer.connect()
  await customer.subscribe({ topic: "confirmations", fromBeginning: true })
  await new Promise<void>((done, failed) => {
    const eachMessage = async ({ message }: { readonly message: { readonly value: Buffer | null } }) => {
      confirmed.push((JSON.parse(message.value?.toString() ?? "null") as { readonly order: string }).order)
      if (confirmed.length === ids.length) done()
    }
    customer.run({ eachMessage }).catch(failed)
  })
  await customer.disconnect()
  expect(confirmed).toEqual(ids)
})
