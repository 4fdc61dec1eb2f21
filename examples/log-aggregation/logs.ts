/**
 * Log aggregation: every service ships its lines to one topic; a collector writes them to an archive in large pieces.
 *
 * Shipping is a Sink: it takes lines as fast as the cluster stores them, and no faster. The collector commits what it has archived,
 * after it has archived it: killed in between, it archives some lines twice and none never. A line's place in the topic is its name, so
 * an archive that is told twice keeps it once.
 */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Context, Effect, Schema, Stream } from "effect"

export const LogLine = Schema.Struct({ level: Schema.Literals(["info", "warn", "error"]), text: Schema.String })
export type LogLine = typeof LogLine.Type

export const Logs = Topic.make("logs", { key: Schema.String, value: LogLine, partitions: 3 })

/** Ships the lines of a service: compressed, in large batches, in order. Answers how many there were. */
export const ship = <E, R>(service: string, lines: Stream.Stream<LogLine, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const producer = yield* Producer.make({ compressionType: "zstd", lingerMs: 50, batchSize: 256 * 1024 })
      const records = Stream.map(lines, (value) => ({ key: service, value }))
      return yield* Stream.run(records, Producer.sink(Logs)).pipe(Producer.provide(producer))
    })
  )

export interface ArchivedLine extends LogLine {
  readonly service: string
  /** `partition@offset`: the same line has the same id, however often it comes. */
  readonly id: string
}

export class Archive extends Context.Service<
  Archive,
  { readonly append: (lines: ReadonlyArray<ArchivedLine>) => Effect.Effect<void> }
>()("logs/Archive") {}

/** Archives pieces of up to a thousand lines, or whatever a second brought. */
export const collect = Effect.scoped(
  Effect.gen(function* () {
    const archive = yield* Archive
    const consumer = yield* Consumer.make(Logs, {
      group: "collector",
      autoOffsetReset: "earliest",
      enableAutoCommit: false
    })
    return yield* consumer.stream.pipe(
      Stream.groupedWithin(1_000, "1 second"),
      Stream.runForEach((records) =>
        Effect.andThen(
          archive.append(
            records.map(({ partition, offset, key, value }) => ({
              ...value,
              service: key,
              id: `${partition}@${offset}`
            }))
          ),
          consumer.commit(records)
        )
      )
    )
  })
)
