/** What docs/client/transactions.md shows; kafka.test.ts runs it against the cluster that KAFKA_BOOTSTRAP names. */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Effect, Schema } from "effect"

export const Accounts = Topic.make("accounts", { key: Schema.String, value: Schema.Struct({ cents: Schema.Int }) })

/** Both records or none. */
export const transfer = (from: string, to: string, cents: number) =>
  Producer.transaction(
    Effect.gen(function* () {
      yield* Producer.send(Accounts, { key: from, value: { cents: -cents } })
      if (from === to) return yield* Effect.fail("SameAccount" as const)
      yield* Producer.send(Accounts, { key: to, value: { cents } })
    })
  )

/** A producer that may have transactions, for as long as the scope lasts. */
export const bank = Effect.scoped(
  Effect.gen(function* () {
    const producer = yield* Producer.make({ transactionalId: "bank-1", transactionTimeoutMs: 30_000 })
    yield* Producer.provide(producer)(transfer("alice", "bob", 50_00))
  })
)

/** Sees nothing of a transaction before it is committed, and nothing ever of one that was not. */
export const committed = Consumer.stream(Accounts, { autoOffsetReset: "earliest", isolationLevel: "read_committed" })

/** What went wrong, as a value. */
export const careful = transfer("alice", "alice", 1).pipe(
  Effect.catchTags({
    FencedError: ({ transactionalId }) => Effect.succeed(`${transactionalId} has a successor: stop`),
    TransactionError: ({ abortable, codeName }) => Effect.succeed(`${codeName}: ${abortable ? "again" : "stop"}`)
  })
)
