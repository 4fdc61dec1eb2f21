/**
 * kcat (librdkafka) from the command line. Invariant: each script is whole by itself; what kcat has no command for is said.
 * Neighbours: harness/Installed.ts, harness/Scenario.ts (the list), clients.test.ts.
 */
import assert from "node:assert/strict"
import { output } from "../../harness/Installed.ts"
import { eventually, type Place, type Suite, unique } from "../../harness/Scenario.ts"

const kcat = (place: Place, parts: ReadonlyArray<string>, input = ""): Promise<string> =>
  output("kcat", ["-b", place.bootstrap, "-q", ...parts], input)

/** Produces lines; librdkafka makes the topic on the way. */
const produce = (place: Place, topic: string, lines: ReadonlyArray<string>, more: ReadonlyArray<string> = []) =>
  kcat(place, ["-P", "-t", topic, "-p", "0", ...more], lines.map((line) => `${line}\n`).join(""))

/** Reads a topic to its end. */
const consume = async (
  place: Place,
  topic: string,
  more: ReadonlyArray<string> = []
): Promise<ReadonlyArray<string>> => {
  const text = await kcat(place, ["-C", "-t", topic, "-p", "0", "-e", "-o", "beginning", ...more])
  return text.split("\n").slice(0, -1)
}

const numbered = (count: number, stem = "line"): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) => `${stem} ${i}`)

const NO_ADMIN = { cannot: "kcat has no command for it" } as const

const acks: Suite["produces with every acks"] = async (place) => {
  const topic = unique("kcat-acks")
  for (const level of ["all", "1", "0"]) await produce(place, topic, [`acks ${level}`], ["-X", `acks=${level}`])
  await eventually("all three are there", async () => (await consume(place, topic)).length === 3)
}

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]

const codecs: Suite["produces with every codec"] = async (place) => {
  const topic = unique("kcat-codecs")
  for (const codec of CODECS) await produce(place, topic, numbered(50, codec), ["-X", `compression.codec=${codec}`])
  assert.deepEqual(
    await consume(place, topic),
    CODECS.flatMap((codec) => numbered(50, codec))
  )
}

const contents: Suite["keeps keys, headers, null values and timestamps"] = async (place) => {
  const topic = unique("kcat-contents")
  await produce(place, topic, ["clé:wörth"], ["-K", ":", "-H", "trace=1", "-H", "more=2"])
  await produce(place, topic, ["tombstone:"], ["-K", ":", "-Z"])
  const before = Date.now()
  const lines = await consume(place, topic, ["-f", "%k|%s|%S|%h|%T\n"])
  const [first, second] = lines.map((line) => line.split("|"))
  assert.deepEqual(first?.slice(0, 4), ["clé", "wörth", "6", "trace=1,more=2"])
  assert.ok(Math.abs(Number(first?.[4]) - before) < 60_000)
  assert.deepEqual(second?.slice(0, 3), ["tombstone", "", "-1"])
}

const idempotence: Suite["produces idempotently"] = async (place) => {
  const topic = unique("kcat-idempotent")
  await produce(place, topic, numbered(1_000), ["-X", "enable.idempotence=true", "-X", "batch.num.messages=10"])
  assert.deepEqual(await consume(place, topic), numbered(1_000))
}

const fromOffset: Suite["consumes from an offset"] = async (place) => {
  const topic = unique("kcat-offset")
  await produce(place, topic, numbered(20))
  assert.deepEqual(await consume(place, topic, ["-o", "15"]), numbered(20).slice(15))
  assert.deepEqual(await consume(place, topic, ["-o", "-3"]), numbered(20).slice(17))
}

const byTime: Suite["finds offsets by time"] = async (place) => {
  const topic = unique("kcat-time")
  await produce(place, topic, ["early"])
  await new Promise((wake) => setTimeout(wake, 50))
  const between = Date.now()
  await new Promise((wake) => setTimeout(wake, 50))
  await produce(place, topic, ["late"])
  assert.deepEqual(await consume(place, topic, ["-o", `s@${between}`]), ["late"])
  assert.match(await kcat(place, ["-Q", "-t", `${topic}:0:${between}`]), /offset 1\b/)
  assert.match(await kcat(place, ["-Q", "-t", `${topic}:0:-1`]), /offset 2\b/)
}

const groups: Suite["commits, resumes and resets offsets"] = async (place) => {
  const topic = unique("kcat-group")
  const group = unique("kcat-group")
  const read = async (count: number): Promise<ReadonlyArray<string>> => {
    const settings = ["-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000"]
    const text = await kcat(place, ["-c", String(count), ...settings, "-G", group, topic])
    return text.split("\n").slice(0, -1)
  }
  await produce(place, topic, numbered(10))
  assert.deepEqual(await read(4), numbered(10).slice(0, 4))
  assert.deepEqual(await read(6), numbered(10).slice(4), "a second life begins at the committed offset")
}

const errors: Suite["gets the errors it can act on"] = async (place) => {
  await assert.rejects(
    kcat(place, ["-C", "-t", unique("kcat-absent"), "-p", "0", "-e", "-X", "allow.auto.create.topics=false"]),
    /unknown topic or partition/i
  )
}

export const suite: Suite = {
  "creates, lists and deletes topics": NO_ADMIN,
  "adds partitions": NO_ADMIN,
  "describes and alters configs": NO_ADMIN,
  "produces with every acks": acks,
  "produces with every codec": codecs,
  "keeps keys, headers, null values and timestamps": contents,
  "produces idempotently": idempotence,
  "consumes from an offset": fromOffset,
  "finds offsets by time": byTime,
  "shares a group's partitions and rebalances": { cannot: "one kcat tells nobody what it is assigned" },
  "commits, resumes and resets offsets": groups,
  "deletes records": NO_ADMIN,
  "lists, describes and deletes groups": NO_ADMIN,
  "gets the errors it can act on": errors
}
