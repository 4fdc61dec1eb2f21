import { type StartedCluster, startTestCluster } from "@klamm/testing"
import { Kafka, logLevel } from "kafkajs"
import { afterAll, beforeAll, expect, it } from "vitest"
import { OrderService } from "./OrderService.ts"

let cluster: StartedCluster
let service: OrderService

beforeAll(async () => {
  cluster = await startTestCluster({
    topics: ["orders", "confirmations"],
    settings: { "group.initial.rebalance.delay.ms": 0 } // a group begins as soon as it has a member
  })
  service = new OrderService(cluster.bootstrap.split(","))
  await service.onModuleInit()
})

afterAll(async () => {
  await service.onModuleDestroy()
  await cluster.stop()
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
