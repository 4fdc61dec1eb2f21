/**
 * Request and reply over two topics: ask from anywhere, and get the answer where you are.
 *
 * Typed headers carry what belongs to the call: who asks, and which of his questions it is. Every asker reads the topic of replies from
 * its end, without a group, and takes what is his. A question that nobody answers in time fails with an error of its own.
 */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Data, Deferred, type Duration, Effect, Schema, Stream } from "effect"

const headers = Schema.Struct({ asker: Schema.String, question: Schema.FiniteFromString })

export const Questions = Topic.make("quotes.questions", { value: Schema.Struct({ symbol: Schema.String }), headers })
export const Answers = Topic.make("quotes.answers", { value: Schema.Struct({ cents: Schema.Int }), headers })

/** Answers whatever is asked; any number of these share the work. */
export const answering = <E, R>(quote: (symbol: string) => Effect.Effect<number, E, R>) =>
  Consumer.forEach(Questions, { group: "quotes", concurrency: 16 }, ({ value, headers: about }) =>
    Effect.flatMap(quote(value.symbol), (cents) =>
      Producer.send(Answers, { key: undefined, value: { cents }, headers: about })
    )
  )

export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly symbol: string }> {}

/** Somebody who asks, as long as the scope lasts. The name is his alone. */
export const makeAsker = (asker: string, patience: Duration.Input) =>
  Effect.gen(function* () {
    const open = new Map<number, Deferred.Deferred<number>>()
    let asked = 0
    const consumer = yield* Consumer.make(Answers, { autoOffsetReset: "latest" })
    yield* Effect.forkScoped(
      Stream.runForEach(consumer.stream, ({ value, headers: about }) => {
        const waiting = about.asker === asker ? open.get(about.question) : undefined
        return waiting === undefined ? Effect.void : Deferred.succeed(waiting, value.cents)
      })
    )
    // "latest" is a place only when it has been asked for: an answer must not come before.
    const places = yield* consumer.assignment
    const isReady = Effect.map(Effect.forEach(places, consumer.position), (found) => !found.includes(undefined))
    yield* Effect.repeat(Effect.andThen(Effect.sleep("10 millis"), isReady), { until: (ready) => ready })

    return (symbol: string) =>
      Effect.gen(function* () {
        const question = ++asked
        const answer = yield* Deferred.make<number>()
        open.set(question, answer)
        yield* Producer.send(Questions, { key: undefined, value: { symbol }, headers: { asker, question } })
        return yield* Deferred.await(answer).pipe(
          Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new NoAnswer({ symbol })) }),
          Effect.ensuring(Effect.sync(() => open.delete(question)))
        )
      })
  })
