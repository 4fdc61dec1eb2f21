/**
 * A CSV import with backpressure: the file is read no faster than the cluster stores it, and a line that is wrong is told by its number.
 *
 * A Sink takes records while there is room in the producer's memory (`bufferMemory`); then whoever reads the file waits. So a file of any
 * size is imported in a memory of one's choice. The Sink ends when everything is acknowledged, in the order of the file.
 */
import { Producer, Topic } from "@klamm/client"
import { Data, Effect, Result, Schema, Stream } from "effect"

export const Article = Schema.Struct({
  number: Schema.String.check(Schema.isPattern(/^A-\d+$/)),
  name: Schema.String,
  cents: Schema.FiniteFromString.check(Schema.isGreaterThan(0))
})

/** The price travels as a number. */
export const Articles = Topic.make("articles", {
  key: Schema.String,
  value: Schema.Struct({ name: Schema.String, cents: Schema.Finite })
})

export class BadLine extends Data.TaggedError("BadLine")<{ readonly line: number; readonly text: string }> {}

const decode = Schema.decodeUnknownResult(Article)

/** `number;name;cents` */
const parse = (text: string, line: number) => {
  const [number, name, cents] = text.split(";")
  const article = decode({ number, name, cents })
  return Result.isSuccess(article) ? Effect.succeed(article.success) : Effect.fail(new BadLine({ line, text }))
}

/** Imports lines of a file; answers how many, once all are stored. What was sent before a bad line stays. */
export const importAll = <E, R>(lines: Stream.Stream<string, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const producer = yield* Producer.make({ bufferMemory: 32 * 1024, compressionType: "none" })
      return yield* lines.pipe(
        Stream.zipWithIndex,
        Stream.mapEffect(([text, index]) => parse(text, index + 1)),
        Stream.map(({ number, name, cents }) => ({ key: number, value: { name, cents } })),
        Stream.run(Producer.sink(Articles)),
        Producer.provide(producer)
      )
    })
  )
