/**
 * Produce: acks, batches with one thing wrong, sequences, timestamps, codecs, sizes. Behaviours 014, 045-050, 055-060,
 * 062-066. Neighbours: steps.ts, ../Batches.ts.
 */
import { type BatchOptions, batch, concat } from "../Batches.ts"
import * as Codecs from "../Codecs.ts"
import { oldMessage } from "../OldFormats.ts"
import { ask, type Context, NOW_MS, type Scenario, type Step, scenario } from "../Scenario.ts"
import { numberAt } from "../Value.ts"
import { INIT_PRODUCER_ID, LIST_OFFSETS, PRODUCE } from "./keys.ts"
import { at, fetch, fill, type ProduceOptions, produce, produceRequest, topic, UNKNOWN_ID } from "./steps.ts"

const VERSIONS = [3, 13] as const
const HOUR_MS = 3_600_000

/** What a topic holds at the end, read at one version. */
const contents = (alias: string, partition = 0): Step =>
  fetch(`what ${alias} holds`, [[alias, [at(partition, 0)]]], { ask: { version: 12 } })

const acks = scenario("produce.acks", PRODUCE, VERSIONS, () => [
  ...topic("t"),
  produce("all", "t", batch({ size: 3 })),
  produce("leader", "t", batch(), { acks: 1 }),
  produce("none, no answer", "t", batch(), { acks: 0, ask: { withinMs: 400, on: "silent" } }),
  produce("2", "t", batch(), { acks: 2 }),
  produce("-2", "t", batch(), { acks: -2 }),
  produce("none, to an absent topic", "absent", batch(), { acks: 0, ask: { withinMs: 2_000, on: "closing" } }),
  produce("none, bad checksum", "t", batch({ badCrc: true }), { acks: 0, ask: { withinMs: 2_000, on: "closing too" } }),
  produce("negative timeout", "t", batch(), { timeoutMs: -1 }),
  contents("t")
])

/** Batches with one thing wrong, each on its own. */
const WRONG: Readonly<Record<string, () => Uint8Array | null>> = {
  "bad checksum": () => batch({ badCrc: true }),
  "magic 0": () => oldMessage(0),
  "magic 1": () => oldMessage(1),
  "magic 3": () => batch({ magic: 3 }),
  "negative magic": () => batch({ magic: -1 }),
  "two batches": () => concat(batch(), batch()),
  "no batch": () => new Uint8Array(0),
  null: () => null,
  "base offset 7": () => batch({ baseOffset: 7 }),
  "base offset -1": () => batch({ baseOffset: -1 }),
  "count 0": () => batch({ count: 0 }),
  "count -1": () => batch({ count: -1 }),
  "count too small": () => batch({ size: 3, count: 2 }),
  "count too large": () => batch({ size: 3, count: 4 }),
  "empty batch": () => batch({ records: [] }),
  "last offset delta too small": () => batch({ size: 3, lastOffsetDelta: 1 }),
  "last offset delta too large": () => batch({ size: 3, lastOffsetDelta: 5 }),
  "last offset delta negative": () => batch({ lastOffsetDelta: -1 }),
  "counts agree but not with the records": () => batch({ size: 3, lastOffsetDelta: 4, count: 5 }),
  "control bit": () => batch({ attributes: 0x20 }),
  "transactional bit, no producer": () => batch({ attributes: 0x10 }),
  "log append time bit": () => batch({ attributes: 0x08 }),
  "delete horizon bit": () => batch({ attributes: 0x40 }),
  "unknown attribute bit": () => batch({ attributes: 0x200 }),
  "unknown codec 5": () => batch({ attributes: 5 }),
  "unknown codec 7": () => batch({ attributes: 7 }),
  "says it is longer": () => batch({ lengthError: 1 }),
  "says it is shorter": () => batch({ lengthError: -1 }),
  "length of zero": () => batch({ lengthError: -1_000_000 }),
  "trailing byte": () => concat(batch(), Uint8Array.of(0)),
  "only a header": () => batch().subarray(0, 61),
  "cut header": () => batch().subarray(0, 30),
  "ten bytes": () => batch().subarray(0, 10),
  "offset deltas out of order": () => batch({ records: [{ offsetDelta: 1 }, { offsetDelta: 0 }] }),
  "offset deltas with a gap": () => batch({ records: [{ offsetDelta: 0 }, { offsetDelta: 2 }] }),
  "records cut": () => batch({ size: 2, mangle: (bytes) => bytes.subarray(0, bytes.length - 3) }),
  "record length too large": () => batch({ mangle: (bytes) => concat(Uint8Array.of(0xfe, 0x01), bytes.subarray(1)) }),
  "record length negative": () => batch({ mangle: (bytes) => concat(Uint8Array.of(0x01), bytes.subarray(1)) }),
  "negative sequence": () => batch({ producerId: 5, producerEpoch: 0, baseSequence: -1 }),
  "negative epoch": () => batch({ producerId: 5, producerEpoch: -1, baseSequence: 0 }),
  "sequence without producer": () => batch({ baseSequence: 4 }),
  "leader epoch set": () => batch({ leaderEpoch: 17 }),
  "maximum timestamp wrong": () => batch({ size: 2, maxTimestamp: NOW_MS - 5_000 }),
  "maximum timestamp -1": () => batch({ size: 2, maxTimestamp: -1 })
}

/** Enough for any answer to these; null records never get one from a Kafka. */
const UNANSWERED_MS = 1_500

const wrong = scenario("produce.wrong", PRODUCE, VERSIONS, () => [
  ...topic("t"),
  ...Object.entries(WRONG).map(([name, bytes]) => produce(name, "t", bytes(), { ask: { withinMs: UNANSWERED_MS } })),
  contents("t")
])

const places = scenario("produce.places", PRODUCE, VERSIONS, () => [
  ...topic("t", { partitions: 2 }),
  produce("absent topic", "absent", batch()),
  produce("absent partition", "t", batch(), { partition: 2 }),
  produce("negative partition", "t", batch(), { partition: -1 }),
  ask("nothing at all", PRODUCE, { acks: -1, timeoutMs: 1_000, topicData: [] }),
  ask("one bad partition beside a good one", PRODUCE, (c) => ({
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      {
        name: c.name("t"),
        topicId: c.topicId("t"),
        partitionData: [
          { index: 0, records: batch({ badCrc: true }) },
          { index: 1, records: batch() },
          { index: 9, records: batch() }
        ]
      },
      { name: c.name("absent"), topicId: UNKNOWN_ID, partitionData: [{ index: 0, records: batch() }] }
    ]
  })),
  ask("the same partition twice", PRODUCE, (c) => ({
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      {
        name: c.name("t"),
        topicId: c.topicId("t"),
        partitionData: [
          { index: 0, records: batch() },
          { index: 0, records: batch() }
        ]
      }
    ]
  })),
  ask("a topic without partitions", PRODUCE, (c) => ({
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: c.name("t"), topicId: c.topicId("t"), partitionData: [] }]
  })),
  ask("an illegal name", PRODUCE, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      { name: "a name/with everything", topicId: UNKNOWN_ID, partitionData: [{ index: 0, records: batch() }] }
    ]
  }),
  produce("a transactional id without transaction", "t", batch(), { transactionalId: "none" }),
  contents("t", 1)
])

/** A batch of the scenario's own producer. */
const own =
  (options: BatchOptions): ((context: Context) => Uint8Array) =>
  (context) =>
    batch({ producerId: context.number("producer"), producerEpoch: 0, baseSequence: 0, ...options })

const producer = (as: string): Step =>
  ask(
    "a producer id",
    INIT_PRODUCER_ID,
    { transactionalId: null, transactionTimeoutMs: 60_000 },
    {
      version: 4,
      setup: true,
      until: (answer) => numberAt(answer, "errorCode") === 0,
      note: (answer, c) => c.keep(as, numberAt(answer, "producerId"))
    }
  )

const idempotence = scenario("produce.idempotence", PRODUCE, VERSIONS, () => [
  ...topic("t"),
  ...topic("new"),
  producer("producer"),
  produce("first", "t", own({ size: 3 })),
  produce("the same again", "t", own({ size: 3 })),
  produce("next", "t", own({ size: 2, baseSequence: 3 })),
  produce("part of an earlier one", "t", own({ size: 2 })),
  produce("a gap", "t", own({ baseSequence: 9 })),
  produce("sequence 5", "t", own({ baseSequence: 5 })),
  produce("sequence 6", "t", own({ baseSequence: 6 })),
  produce("sequence 7", "t", own({ baseSequence: 7 })),
  produce("sequence 8", "t", own({ baseSequence: 8 })),
  produce("sequence 8 again", "t", own({ baseSequence: 8 })),
  produce("the second again, fifth from the end", "t", own({ size: 2, baseSequence: 3 })),
  produce("the first again, beyond the last five", "t", own({ size: 3 })),
  produce("higher epoch, not from 0", "t", own({ producerEpoch: 1, baseSequence: 9 })),
  produce("higher epoch from 0", "t", own({ producerEpoch: 1 })),
  produce("older epoch", "t", own({ producerEpoch: 0, baseSequence: 9 })),
  produce("a producer's first batch, not from 0", "new", own({ baseSequence: 4 })),
  produce("near the last sequence", "new", own({ size: 2, baseSequence: 2147483646, producerEpoch: 3 })),
  produce("another epoch near the last sequence", "new", own({ producerEpoch: 3, baseSequence: 0 })),
  contents("t"),
  contents("new")
])

const wrapAround = scenario("produce.sequence-wrap", PRODUCE, [9, 9], () => [
  ...topic("t"),
  producer("producer"),
  produce("up to the last sequence", "t", own({ size: 2, baseSequence: 2147483646 })),
  produce("0 follows", "t", own({ baseSequence: 0 })),
  produce("across the end, from an unknown producer", "t", (c) =>
    batch({ size: 3, producerId: c.number("producer") + 1_000_000, producerEpoch: 0, baseSequence: 2147483646 })
  ),
  produce("1 follows", "t", (c) =>
    batch({ producerId: c.number("producer") + 1_000_000, producerEpoch: 0, baseSequence: 1 })
  ),
  contents("t")
])

const timestamps = scenario("produce.timestamps", PRODUCE, VERSIONS, () => [
  ...topic("open"),
  ...topic("window", {
    configs: { "message.timestamp.before.max.ms": "60000", "message.timestamp.after.max.ms": "60000" }
  }),
  ...topic("appended", { configs: { "message.timestamp.type": "LogAppendTime" } }),
  produce("none", "open", batch({ baseTimestamp: -1, maxTimestamp: -1 })),
  produce("zero", "open", batch({ baseTimestamp: 0 })),
  produce("two hours ahead", "open", batch({ baseTimestamp: NOW_MS + 2 * HOUR_MS })),
  produce("a minute ahead", "open", batch({ baseTimestamp: NOW_MS + 60_000 })),
  produce("in the window", "window", batch()),
  produce("before the window", "window", batch({ baseTimestamp: NOW_MS - HOUR_MS })),
  produce("after the window", "window", batch({ baseTimestamp: NOW_MS + HOUR_MS })),
  produce("one record outside", "window", batch({ records: [{}, { timestampDelta: -HOUR_MS }, {}] })),
  produce("no time, in the window", "window", batch({ baseTimestamp: -1, maxTimestamp: -1 })),
  produce("append time topic", "appended", batch({ size: 2 })),
  produce("append time topic, far ahead", "appended", batch({ baseTimestamp: NOW_MS + 48 * HOUR_MS })),
  produce("append time topic, bit set", "appended", batch({ attributes: 0x08 })),
  contents("open"),
  contents("window"),
  contents("appended")
])

const CODECS: ReadonlyArray<readonly [string, number, (bytes: Uint8Array) => Uint8Array]> = [
  ["gzip", Codecs.GZIP, Codecs.gzip],
  ["snappy, xerial frames", Codecs.SNAPPY, Codecs.xerialSnappy],
  ["snappy, one block", Codecs.SNAPPY, Codecs.snappyBlock],
  ["lz4", Codecs.LZ4, Codecs.lz4Frame],
  ["zstd", Codecs.ZSTD, Codecs.zstd]
]

const codecs = scenario("produce.codecs", PRODUCE, VERSIONS, () => [
  ...topic("t"),
  ...CODECS.flatMap(([name, attributes, compress]) => [
    produce(name, "t", batch({ size: 20, attributes, compress })),
    produce(`${name}, not compressed at all`, "t", batch({ size: 2, attributes })),
    produce(`${name}, cut`, "t", batch({ size: 20, attributes, compress: (b) => compress(b).subarray(0, -6) })),
    produce(`${name}, wrong count inside`, "t", batch({ size: 3, count: 5, lastOffsetDelta: 4, attributes, compress })),
    produce(`${name}, garbage`, "t", batch({ attributes, compress: () => Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }))
  ]),
  contents("t")
])

const recompressed = scenario("produce.recompressed", PRODUCE, [9, 9], () => [
  ...topic("plain", { configs: { "compression.type": "uncompressed" } }),
  ...topic("producer", { configs: { "compression.type": "producer" } }),
  ...["plain", "producer"].flatMap((alias) => [
    produce(`gzip to ${alias}`, alias, batch({ size: 20, attributes: Codecs.GZIP, compress: Codecs.gzip })),
    produce(`plain to ${alias}`, alias, batch({ size: 5 })),
    contents(alias)
  ])
])

const compacted = scenario("produce.compacted", PRODUCE, VERSIONS, () => [
  ...topic("t", { configs: { "cleanup.policy": "compact" } }),
  ...topic("both", { configs: { "cleanup.policy": "compact,delete" } }),
  produce("with keys", "t", batch({ size: 2 })),
  produce("without a key", "t", batch({ records: [{ value: "no key" }] })),
  produce("some without", "t", batch({ records: [{ key: "a" }, {}, { key: "b" }, {}] })),
  produce("a tombstone", "t", batch({ records: [{ key: "a", value: null }] })),
  produce("an empty key", "t", batch({ records: [{ key: "" }] })),
  produce(
    "compressed without a key",
    "t",
    batch({ records: [{}, {}], attributes: Codecs.GZIP, compress: Codecs.gzip })
  ),
  produce("without a key, compact and delete", "both", batch({ records: [{ value: "no key" }] })),
  contents("t")
])

const large = (bytes: number, options: BatchOptions = {}): Uint8Array =>
  batch({ records: [{ value: new Uint8Array(bytes) }], ...options })

const sizes = scenario("produce.sizes", PRODUCE, VERSIONS, () => [
  ...topic("t", { configs: { "max.message.bytes": "1000" } }),
  ...topic("segment", { configs: { "segment.bytes": "1048576", "max.message.bytes": "4000000" } }),
  produce("fits", "t", large(800)),
  produce("as large as it may be", "t", large(1000 - 61 - 10)),
  produce("one byte too large", "t", large(1000 - 61 - 9)),
  produce("too large", "t", large(1_000)),
  produce("too large but compressed", "t", large(20_000, { attributes: Codecs.GZIP, compress: Codecs.gzip })),
  produce("larger than a segment", "segment", large(2_000_000)),
  contents("t")
])

const content = scenario("produce.content", PRODUCE, [9, 9], () => [
  ...topic("t"),
  produce(
    "headers, nulls, empties",
    "t",
    batch({
      records: [
        {
          key: "clé",
          value: "wörth",
          headers: [
            ["a", "1"],
            ["a", null],
            ["", ""]
          ]
        },
        { key: null, value: null },
        { key: "", value: "" },
        { value: new Uint8Array([0, 255]), timestampDelta: 12 },
        { timestampDelta: -3 }
      ]
    })
  ),
  contents("t"),
  ask(
    "offset of the latest",
    LIST_OFFSETS,
    (c) => ({
      replicaId: -1,
      topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, timestamp: -3 }] }]
    }),
    { version: 7 }
  )
])

const internal = scenario("produce.internal", PRODUCE, [12, 12], () => [
  ask("to __consumer_offsets", PRODUCE, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: "__consumer_offsets", partitionData: [{ index: 0, records: batch() }] }]
  })
])

const pipelined = scenario("produce.pipelined", PRODUCE, [9, 9], () => [
  ...topic("t"),
  ...[1, 2, 3, 4, 5].map((n): Step => {
    const options: ProduceOptions = { acks: n % 2 === 0 ? 1 : -1 }
    return ask(`request ${n}`, PRODUCE, (c) => produceRequest(c, "t", batch({ size: n }), options), { hold: true })
  }),
  ...[1, 2, 3, 4, 5].map((n): Step => ({ kind: "take", name: `request ${n}` })),
  fill("t", batch()),
  contents("t")
])

export const produceScenarios: ReadonlyArray<Scenario> = [
  acks,
  wrong,
  places,
  idempotence,
  wrapAround,
  timestamps,
  codecs,
  recompressed,
  compacted,
  sizes,
  content,
  internal,
  pipelined
]
