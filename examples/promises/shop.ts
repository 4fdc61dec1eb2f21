/** A shop that takes orders and bills them, without Effect: promises, async iterables and AbortSignals. */
import { type Connected, json } from "@klamm/client/Promises"

export interface Order {
  readonly id: string
  readonly total: number
}

/** As `schema.parse` of zod and its like: answers the value, or throws. */
const parseOrder = (value: unknown): Order => {
  if (typeof value === "object" && value !== null && "id" in value && "total" in value) {
    const { id, total } = value
    if (typeof id === "string" && typeof total === "number") return { id, total }
  }
  throw new TypeError("no order")
}

export const orders = json("orders", parseOrder)
export const bills = json("bills", parseOrder)

export const place = async (kafka: Connected, customer: string, order: Order): Promise<string> => {
  const { partition, offset } = await kafka.send(orders, { key: customer, value: order })
  return `${partition}@${offset}`
}

/** Bills orders, those of a customer one after another, until the signal is aborted. */
export const bill = (kafka: Connected, charge: (order: Order) => Promise<void>, signal: AbortSignal): Promise<void> =>
  kafka.forEach(
    orders,
    {
      group: "billing",
      concurrency: "key",
      retry: { times: 5, delayMs: 100 },
      deadLetter: "orders.billing.dlq",
      autoOffsetReset: "earliest",
      signal
    },
    async ({ key, value }) => {
      await charge(value)
      await kafka.send(bills, { key, value })
    }
  )

/** The first orders whose totals are a sum or more: a loop that is left when it has enough. */
export const firstWorth = async (kafka: Connected, sum: number): Promise<ReadonlyArray<string>> => {
  const ids: Array<string> = []
  let total = 0
  for await (const { value } of kafka.consume(orders, { autoOffsetReset: "earliest" })) {
    ids.push(value.id)
    total += value.total
    if (total >= sum) break
  }
  return ids
}

/** What went wrong, and whether to try again: every rejection says so. */
export const placeOrSay = async (kafka: Connected, order: Order): Promise<string> => {
  try {
    return await place(kafka, "cust-7", order)
  } catch (error) {
    if (error instanceof Error && "codeName" in error && "retriable" in error) {
      return `${error.codeName}, ${error.retriable ? "try again" : "don't"}`
    }
    throw error
  }
}

/** An order and its bill, both or none: a producer with a transactional id, of which there is one at a time. */
export const placeBilled = async (kafka: Connected, order: Order): Promise<void> => {
  const shop = await kafka.producer({ transactionalId: "shop-1" })
  await shop.transaction(async (transaction) => {
    await transaction.send(orders, { key: "cust-7", value: order })
    await transaction.send(bills, { key: "cust-7", value: order })
  })
  await shop.close()
}
