/** Spans of a record's way through brokers: from whoever sent it to whoever works on it, by OpenTelemetry's conventions. */
import { Consumer, Producer, Topic } from "@klamm/client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type StartedCluster, startTestCluster } from "../../src/startTestCluster.ts"
import { keeping, linksOf, parentOf, run } from "./support.ts"

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({ topics: ["one", "many", "own", "none", "off", "failing", "typed", "streamed"] })
})
afterAll(() => cluster.stop())

const topicOf = (name: string) => Topic.make(name, { key: Schema.String, value: Schema.String })
const text = new TextDecoder()

type Orders = ReturnType<typeof topicOf>

const record = { key: "cust-7", value: "42" }
const fromStart = { autoOffsetReset: "earliest" } as const

const textsOf = (headers: Topic.Headers) =>
  Object.fromEntries(headers.map(({ key, value }) => [key, value === null ? null : text.decode(value)]))

const firstOf = (topic: Orders, count = 1) =>
  Stream.runCollect(Stream.take(Consumer.stream(topic, fromStart), count)).pipe(
    // The look itself is not what is looked at.
    Effect.withTracerEnabled(false)
  )

/** Works on records until one has been worked on. */
const workOnce = <E>(topic: Orders, group: string, f: (record: { readonly value: string }) => Effect.Effect<void, E>) =>
  Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    const working = Consumer.forEach(topic, { group, ...fromStart, deadLetter: `${group}.dlq` }, (each) =>
      Effect.ensuring(f(each), Effect.asVoid(Deferred.succeed(done, undefined)))
    )
    yield* Effect.raceFirst(working, Effect.andThen(Deferred.await(done), Effect.sleep("50 millis")))
  })

it("a record carries its span, and whoever works on it goes on from there", async () => {
  const { spans, tracer } = keeping()
  const orders = topicOf("one")
  const inside: Array<string | undefined> = []
  const story = Effect.gen(function* () {
    const sent = yield* Producer.send(orders, record)
    yield* workOnce(orders, "billing", () =>
      Effect.map(Effect.currentSpan, ({ spanId }) => void inside.push(spanId)).pipe(Effect.orDie)
    )
    return sent
  }).pipe(Effect.withSpan("request"))
  const sent = await run(cluster.bootstrap, Effect.provideService(story, Tracer.Tracer, tracer))
  const [send, process] = ["send one", "process one"].map((name) => spans.find((span) => span.name === name)!)
  const request = spans.find(({ name }) => name === "request")!
  expect(send?.kind).toBe("producer")
  expect(parentOf(send!)).toBe(request.spanId)
  expect(Object.fromEntries(send!.attributes)).toEqual({
    "messaging.system": "kafka",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    "messaging.destination.name": "one",
    "messaging.destination.partition.id": "0",
    "messaging.kafka.message.key": "cust-7",
    "messaging.kafka.offset": sent.offset,
    "messaging.client.id": "klamm"
  })
  expect(process?.kind).toBe("consumer")
  expect(process?.traceId).toBe(send?.traceId)
  expect(parentOf(process!)).toBe(send?.spanId)
  expect(linksOf(process!)).toEqual([send?.spanId, request.spanId])
  expect(inside).toEqual([process?.spanId])
  expect(Object.fromEntries(process!.attributes)).toEqual({
    "messaging.system": "kafka",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "one",
    "messaging.destination.partition.id": "0",
    "messaging.consumer.group.name": "billing",
    "messaging.kafka.message.key": "cust-7",
    "messaging.kafka.offset": sent.offset,
    "messaging.client.id": "klamm"
  })
  const commit = spans.find(({ name }) => name === "commit one")
  expect(commit?.kind).toBe("client")
})

it("many records of one call share its span, which ends when all are stored", async () => {
  const { spans, tracer } = keeping()
  const records = Array.from({ length: 5 }, (_, index) => ({ ...record, value: `${index}` }))
  const read = await run(
    cluster.bootstrap,
    Effect.andThen(
      Effect.provideService(Producer.sendMany(topicOf("many"), records), Tracer.Tracer, tracer),
      firstOf(topicOf("many"), 5)
    )
  )
  expect(spans).toHaveLength(1)
  const [{ traceId, spanId, attributes }] = spans as [Tracer.Span]
  expect(attributes.get("messaging.batch.message_count")).toBe(5)
  for (const { headers } of read) expect(textsOf(headers)).toEqual({ traceparent: `00-${traceId}-${spanId}-01` })
})

it("a context that a record has already is kept, and linked to", async () => {
  const { spans, tracer } = keeping()
  const own = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  const sent = Producer.send(topicOf("own"), { ...record, headers: { traceparent: own, tracestate: "a=1" } })
  const [read] = await run(
    cluster.bootstrap,
    Effect.andThen(Effect.provideService(sent, Tracer.Tracer, tracer), firstOf(topicOf("own")))
  )
  expect(textsOf(read!.headers)).toEqual({ traceparent: own, tracestate: "a=1" })
  expect(spans.map(({ kind }) => kind)).toEqual(["client"])
  expect(linksOf(spans[0]!)).toEqual(["00f067aa0ba902b7"])
})

it("without somebody's tracer there are neither spans nor headers", async () => {
  const [read] = await run(
    cluster.bootstrap,
    Effect.andThen(Effect.withSpan(Producer.send(topicOf("none"), record), "request"), firstOf(topicOf("none")))
  )
  expect(read!.headers).toEqual([])
})

it("nor are there with tracing off, or where the tracer is told to rest", async () => {
  const { spans, tracer } = keeping()
  const off = topicOf("off")
  const resting = Effect.withTracerEnabled(Producer.send(off, record), false)
  const traced = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.provideService(work, Tracer.Tracer, tracer)
  await run(cluster.bootstrap, traced(Producer.send(off, record)), { tracing: false })
  const read = await run(cluster.bootstrap, Effect.andThen(traced(resting), firstOf(off, 2)))
  expect(read.map(({ headers }) => headers)).toEqual([[], []])
  expect(spans).toEqual([])
})

it("an unsampled trace stays unsampled on the way", async () => {
  const { tracer } = keeping()
  const typed = Topic.make("typed", {
    key: Schema.String,
    value: Schema.String,
    headers: Schema.Struct({ id: Schema.String })
  })
  const send = Producer.send(typed, { ...record, headers: { id: "7" } })
  const story = Effect.provideService(Effect.withSpan(send, "request", { sampled: false }), Tracer.Tracer, tracer)
  const [read] = await run(cluster.bootstrap, Effect.andThen(story, firstOf(topicOf("typed"))))
  expect(textsOf(read!.headers)).toMatchObject({ id: "7", traceparent: expect.stringMatching(/-00$/) })
})

it("what fails is said with the kind of its error: a work, and a send", async () => {
  const { spans, tracer } = keeping()
  const failing = topicOf("failing")
  const story = Effect.gen(function* () {
    yield* Producer.send(failing, record)
    yield* workOnce(failing, "sorry", () => Effect.fail({ _tag: "CardRefused" }))
    yield* Effect.flip(Producer.send(failing, { ...record, value: "x".repeat(2_000_000) }))
  })
  await run(cluster.bootstrap, Effect.provideService(story, Tracer.Tracer, tracer))
  const typeOf = (name: string) =>
    spans.filter((span) => span.name === name).map(({ attributes }) => attributes.get("error.type"))
  expect(typeOf("process failing")).toEqual(["CardRefused"])
  expect(typeOf("send failing")).toEqual([undefined, "MESSAGE_TOO_LARGE"])
})

it("a stream's records bring the spans that sent them: the poll links to them, and work goes on from there", async () => {
  const { spans, tracer } = keeping()
  const streamed = topicOf("streamed")
  const story = Effect.gen(function* () {
    yield* Producer.send(streamed, record)
    yield* Producer.send(streamed, record)
    const work = (each: Consumer.ConsumerRecord<string, string, Topic.Headers>) =>
      Effect.void.pipe(Effect.withSpan("charge"), Consumer.processing(each))
    yield* Consumer.stream(streamed, fromStart).pipe(Stream.take(2), Stream.mapEffect(work), Stream.runDrain)
  })
  await run(cluster.bootstrap, Effect.provideService(story, Tracer.Tracer, tracer))
  const of = (name: string) => spans.filter((span) => span.name === name)
  const sent = of("send streamed").map(({ spanId }) => spanId)
  expect(of("poll streamed").flatMap(linksOf)).toEqual(sent)
  expect(of("poll streamed")[0]?.kind).toBe("client")
  expect(of("process streamed").map(parentOf)).toEqual(sent)
  expect(of("charge").map(parentOf)).toEqual(of("process streamed").map(({ spanId }) => spanId))
})
