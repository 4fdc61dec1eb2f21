/**
 * Delayed retry: what fails now is tried again in a while, without anybody behind it having to wait.
 *
 * A delivery that failed goes to a retry topic, with the attempt and the time before which it is of no use in typed headers. The retry
 * topic has one delay, so the first record in it is always the first that is due: its reader sleeps until then. After the last attempt it
 * is a dead letter.
 */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Clock, Context, Duration, Effect, Schema } from "effect"

const key = Schema.String
const value = Schema.Struct({ url: Schema.String, body: Schema.String })

export const Webhooks = Topic.make("webhooks", { key, value })
export const Retries = Topic.make("webhooks.retry-10s", {
  key,
  value,
  headers: Schema.Struct({ attempt: Schema.FiniteFromString, notBefore: Schema.FiniteFromString })
})
export const GivenUp = Topic.make("webhooks.given-up", { key, value })

export class Endpoints extends Context.Service<
  Endpoints,
  { readonly post: (webhook: typeof value.Type) => Effect.Effect<void, "Unreachable"> }
>()("webhooks/Endpoints") {}

export const maxAttempts = 4
const delayMs = Duration.toMillis("10 seconds")

/** Delivers, or puts it off, or gives it up. */
const deliver = (customer: string, webhook: typeof value.Type, attempt: number) =>
  Effect.catch(
    Endpoints.use((endpoints) => endpoints.post(webhook)),
    () =>
      Effect.gen(function* () {
        const record = { key: customer, value: webhook }
        if (attempt === maxAttempts) return yield* Producer.send(GivenUp, record)
        const notBefore = (yield* Clock.currentTimeMillis) + delayMs
        return yield* Producer.send(Retries, { ...record, headers: { attempt: attempt + 1, notBefore } })
      })
  )

const options = { autoOffsetReset: "earliest" } as const

const first = Consumer.forEach(Webhooks, { ...options, group: "webhooks", concurrency: "key" }, (record) =>
  deliver(record.key, record.value, 1)
)

const again = Consumer.forEach(
  Retries,
  { ...options, group: "webhooks.retry", concurrency: "partition", maxInFlight: 10 },
  ({ key: customer, value: webhook, headers: { attempt, notBefore } }) =>
    Effect.gen(function* () {
      yield* Effect.sleep(Math.max(0, notBefore - (yield* Clock.currentTimeMillis)))
      yield* deliver(customer, webhook, attempt)
    })
)

export const delivering = Effect.all([first, again], { concurrency: "unbounded" })
