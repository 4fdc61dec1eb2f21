/** What docs/client/errors.md shows; errors.test.ts runs it. */
import { type Klamm, Producer, Topic } from "@klamm/client"
import { Effect, Schedule, Schema } from "effect"

export const Orders = Topic.make("orders", { value: Schema.Struct({ total: Schema.Finite }) })
const send = Producer.send(Orders, { value: { total: 42 } })

/** By tag: the compiler knows which are left. */
export const byTag: Effect.Effect<string, never, Klamm.Klamm> = send.pipe(
  Effect.map(({ offset }) => `at ${offset}`),
  Effect.catchTags({
    EncodeError: ({ part, cause }) => Effect.succeed(`${part}: ${cause}`),
    ProduceError: ({ codeName }) => Effect.succeed(codeName)
  })
)

/** By Kafka's own name of the code. */
export const byCode = Effect.catchIf(
  send,
  (error) => error.codeName === "MESSAGE_TOO_LARGE",
  () => Effect.logWarning("an order that is too large was left out")
)

/** Again, as long as the error says that it may help. */
export const again = Effect.retry(send, {
  while: (error) => error.retriable,
  schedule: Schedule.spaced("1 minute")
})
