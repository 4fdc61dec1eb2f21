/**
 * Bank alerts: whoever sends away more than a threshold within an hour is told about.
 *
 * The window is kept in memory and nowhere else, because the log has it: a process that begins reads the last hour again, from the
 * offset that the time names, and knows what its predecessor knew. What it finds twice has the same id, so nobody is told twice.
 */
import { Admin, Consumer, Producer, Topic } from "@klamm/client"
import { Clock, Duration, Effect, Schema, Stream } from "effect"

/** Keyed by the account that pays; the record's timestamp is the time of the transfer. */
export const Transfers = Topic.make("transfers", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, cents: Schema.Int }),
  partitions: 3
})

/** `id`: of the transfer that went over the threshold. */
export const Alerts = Topic.make("alerts", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, cents: Schema.Int })
})

export const threshold = 10_000_00
const windowMs = Duration.toMillis("1 hour")

interface Seen {
  readonly atMs: number
  readonly cents: number
}

/** What one account sent away within the hour before its latest transfer. */
const windowOf = (earlier: ReadonlyArray<Seen>, latest: Seen): ReadonlyArray<Seen> => [
  ...earlier.filter(({ atMs }) => atMs > latest.atMs - windowMs),
  latest
]

const total = (window: ReadonlyArray<Seen>) => window.reduce((sum, { cents }) => sum + cents, 0)

/** Watches all accounts, beginning with what they did within the last hour. */
export const watch = Effect.scoped(
  Effect.gen(function* () {
    const timestamp = (yield* Clock.currentTimeMillis) - windowMs
    const { partitions } = yield* Admin.describeTopic(Transfers)
    const consumer = yield* Consumer.assign(
      Transfers,
      partitions.map(({ partition }) => ({ partition, from: { timestamp } }))
    )
    const windows = new Map<string, ReadonlyArray<Seen>>()
    return yield* Stream.runForEach(consumer.stream, ({ key: account, value, timestamp: atMs }) => {
      const before = windows.get(account) ?? []
      const window = windowOf(before, { atMs, cents: value.cents })
      windows.set(account, window)
      const crosses = total(window) > threshold && total(window) - value.cents <= threshold
      return crosses
        ? Producer.send(Alerts, { key: account, value: { id: value.id, cents: total(window) } })
        : Effect.void
    })
  })
)
