/**
 * Dead letters: a record that can't be worked on is put aside, with the reason, and the others go on. Mended, it is sent again.
 *
 * A dead letter is the record as it was, byte for byte, with headers that say where it came from and what went wrong. Replaying is
 * reading them as a group of its own and sending each back to its topic, so that a replay which is stopped in the middle goes on.
 */
import { Consumer, Processing, Producer, Topic } from "@klamm/client"
import { Clock, Context, Effect, Schedule, Schema, Stream } from "effect"

export const Payment = Schema.Struct({ id: Schema.String, cents: Schema.Int })
export type Payment = typeof Payment.Type

export const Payments = Topic.make("payments", { key: Schema.String, value: Payment })

const Bytes = Schema.NullOr(Schema.Uint8Array)
/** The same records, whatever is in them. */
export const DeadLetters = Topic.make("payments.booking.dlq", { key: Bytes, value: Bytes })

export class BookingError extends Schema.TaggedError<BookingError>()("BookingError", { why: Schema.String }) {}

export class Books extends Context.Service<
  Books,
  { readonly book: (payment: Payment) => Effect.Effect<void, BookingError> }
>()("payments/Books") {}

export const booking = Consumer.forEach(
  Payments,
  {
    group: "booking",
    autoOffsetReset: "earliest",
    concurrency: "key",
    retry: Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 3 })),
    deadLetter: DeadLetters
  },
  ({ value }) => Books.use((books) => books.book(value))
)

const isAdded = ({ key }: Topic.Header) => key.startsWith(Processing.deadLetterHeaderPrefix)

/** Sends every dead letter there is now to the topic it came from, without what was added to it; answers how many. */
export const replay = Effect.gen(function* () {
  const beganMs = yield* Clock.currentTimeMillis
  return yield* Consumer.stream(DeadLetters, { group: "booking.replay", autoOffsetReset: "earliest" }).pipe(
    Stream.takeWhile(({ timestamp }) => timestamp < beganMs), // what is still broken comes back: for the next replay
    Stream.timeout("5 seconds"), // or there is no more
    Stream.map(({ key, value, headers }) => ({ key, value, headers: headers.filter((each) => !isAdded(each)) })),
    Stream.run(Producer.sink(Topic.make(Payments.name, { key: Bytes, value: Bytes })))
  )
})
