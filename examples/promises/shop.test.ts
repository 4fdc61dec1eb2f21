/** The shop without Effect, against brokers on real ports. */
import { connect } from "@klamm/client/Promises"
import { startTestCluster } from "@klamm/testing"
import { expect, it } from "vitest"
import { bill, bills, firstWorth, type Order, orders, place, placeOrSay } from "./shop.ts"

const shop = async () => {
  const cluster = await startTestCluster({
    settings: { "group.initial.rebalance.delay.ms": 0 },
    topics: [orders, bills, "orders.billing.dlq"]
  })
  const kafka = await connect({ bootstrap: cluster.bootstrap })
  const close = async (): Promise<void> => {
    await kafka.close()
    await cluster.stop()
  }
  return { kafka, [Symbol.asyncDispose]: close }
}

it("bills what was ordered, tries again what failed, and stops when it is told to", async () => {
  await using opened = await shop()
  const { kafka } = opened
  expect(await place(kafka, "cust-7", { id: "o-1", total: 42 })).toBe("0@0")
  expect(await place(kafka, "cust-8", { id: "o-2", total: 7 })).toBe("0@1")
  const stop = new AbortController()
  const charged: Array<string> = []
  let failures = 0
  const charge = async ({ id }: Order) => {
    if (id === "o-2" && failures++ < 2) throw new Error("the bank sleeps")
    charged.push(id)
  }
  const billing = bill(kafka, charge, stop.signal)
  const billed: Array<string> = []
  for await (const { value } of kafka.consume(bills, { autoOffsetReset: "earliest" })) {
    billed.push(value.id)
    if (billed.length === 2) break
  }
  stop.abort()
  await billing
  expect(charged).toEqual(["o-1", "o-2"])
  expect(billed).toEqual(["o-1", "o-2"])
  // The work on the last order may have been cut off behind its bill, and then is not counted as done.
  const [committed] = await kafka.admin.listGroupOffsets("billing")
  expect([1, 2]).toContain(committed?.offset)
})

it("reads until it has enough", async () => {
  await using opened = await shop()
  const { kafka } = opened
  for (const total of [5, 10, 20, 40]) await place(kafka, "cust-7", { id: `o-${total}`, total })
  expect(await firstWorth(kafka, 30)).toEqual(["o-5", "o-10", "o-20"])
})

it("says why it could not, and whether to try again", async () => {
  await using opened = await shop()
  const { kafka } = opened
  expect(await placeOrSay(kafka, { id: "x".repeat(2_000_000), total: 1 })).toBe("MESSAGE_TOO_LARGE, don't")
})
