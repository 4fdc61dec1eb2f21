/**
 * One load through @platformatic/kafka, where librdkafka is not installed: `platformatic.ts JOB`, the same jobs and the same lines of
 * output as librdkafka.py. A send here is one batch of one partition, several under way at once. Neighbours: Job.ts, Driver.ts.
 */
import { Consumer, type MessagesStream, Producer } from "@platformatic/kafka"
import type { ConsumeJob, Job, LatencyJob, Line, Outcome, ProduceJob } from "./Job.ts"

type BytesProducer = Producer<Buffer, Buffer, Buffer, Buffer>
type BytesStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>

const CLIENT = "@platformatic/kafka 2.12.1"
/** Batches that may be under way at once, all in all. */
const UNDER_WAY_BYTES = 8 * 1024 * 1024
const UNDER_WAY_MIN = 8
const FETCH_MAX_BYTES = 50 * 1024 * 1024
const PARTITION_MAX_BYTES = 8 * 1024 * 1024
const FETCH_WAIT_MS = 500
const SAMPLE_EVERY_MS = 20
const WARM_RECORDS = 200
/** Of partition 0; the next ones go on downwards. */
const FIRST_PROBE = -2
const NONE = -1
const ARRIVE_WITHIN_MS = 10_000
const PROBE_EACH_MS = 200
const VALUE_MIN_BYTES = 8
/** What a batch and each of its records have beside the values, at most. */
const BATCH_HEADER_BYTES = 61
const RECORD_OVERHEAD_BYTES = 20
const ACKS = { all: -1, "1": 1 } as const

const now = (): number => performance.now()
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
const say = (line: Line): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
const used = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

interface Mark {
  readonly at: number
  readonly records: number
  readonly cpu: number
}

const begin = (records: number): Mark => {
  say({ event: "begin" })
  return { at: now(), records, cpu: used() }
}

const outcome = (mark: Mark, records: number, size: number): Outcome => ({
  client: CLIENT,
  records: records - mark.records,
  bytes: (records - mark.records) * size,
  seconds: (now() - mark.at) / 1000,
  cpuSeconds: used() - mark.cpu
})

const base = (job: Job) => ({ clientId: "bench", bootstrapBrokers: job.brokers.split(",") })

/** Text that compresses about as well as logs do. */
const textOf = (size: number, seed: number): Buffer => {
  let [state, text] = [seed + 1, ""]
  while (text.length < size) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += `${(state % 3 === 0 ? state : state % 4096).toString(16)} `
  }
  return Buffer.from(text.slice(0, size))
}

const produce = async (job: ProduceJob): Promise<Outcome> => {
  const producer: BytesProducer = new Producer(base(job))
  const each = Math.max(1, Math.floor((job.batchBytes - BATCH_HEADER_BYTES) / (job.size + RECORD_OVERHEAD_BYTES)))
  const options = { acks: ACKS[job.acks], idempotent: false, compression: job.codec }
  const batches = Array.from({ length: job.partitions }, (_, partition) =>
    Array.from({ length: each }, (_, index) => ({
      topic: job.topic,
      partition,
      value: textOf(job.size, partition * each + index)
    }))
  )
  let [acknowledged, next, isOver] = [0, 0, false]
  const lane = async (): Promise<void> => {
    while (!isOver) {
      await producer.send({ ...options, messages: batches[next++ % batches.length]! })
      acknowledged += each
    }
  }
  const count = Math.max(UNDER_WAY_MIN, Math.ceil(UNDER_WAY_BYTES / job.batchBytes))
  const lanes = Promise.all(Array.from({ length: count }, lane))
  const watch = async (): Promise<Outcome> => {
    await sleep(job.warmSeconds * 1000)
    const mark = begin(acknowledged)
    const isDone = (): boolean =>
      now() - mark.at >= job.seconds * 1000 || acknowledged - mark.records >= (job.records ?? Number.POSITIVE_INFINITY)
    while (!isDone()) await sleep(SAMPLE_EVERY_MS)
    isOver = true
    return outcome(mark, acknowledged, job.size)
  }
  const [told] = await Promise.all([watch(), lanes])
  return told
}

const streamOf = async (job: Job, group: string, from: "beginning" | "end"): Promise<BytesStream> => {
  const consumer: Consumer<Buffer, Buffer, Buffer, Buffer> = new Consumer({ ...base(job), groupId: group })
  return consumer.consume({
    topics: [job.topic],
    mode: from === "end" ? "latest" : "earliest",
    autocommit: false,
    maxWaitTime: FETCH_WAIT_MS,
    maxBytes: FETCH_MAX_BYTES,
    maxBytesPerPartition: PARTITION_MAX_BYTES
  })
}

/** The consumer of this client is always a member of a group. */
const consume = async (job: ConsumeJob): Promise<Outcome> => {
  let [taken, first, mark]: [number, number, Mark | undefined] = [0, 0, undefined]
  const read = async (instance: number): Promise<void> => {
    let own = 0
    for await (const _ of await streamOf(job, `${job.topic}-${job.run}-${instance}`, job.from)) {
      own += 1
      taken += 1
      if (first === 0) first = now()
      if (mark === undefined && now() - first >= job.warmSeconds * 1000) mark = begin(taken)
      if (mark === undefined) continue
      if (own >= job.records || (own % 1000 === 0 && now() - mark.at >= job.seconds * 1000)) return
    }
  }
  await Promise.all(Array.from({ length: job.instances }, (_, instance) => read(instance)))
  if (mark === undefined) throw new Error("nothing to read")
  return outcome(mark, taken, job.size)
}

/** One record at a time, each named by the number in its first bytes. */
class Records {
  readonly sent: Float64Array
  readonly acknowledged: Float64Array
  readonly arrived: Float64Array
  private readonly job: LatencyJob
  private readonly producer: BytesProducer
  private readonly waiting = new Map<number, () => void>()

  constructor(job: LatencyJob, total: number) {
    this.job = job
    this.producer = new Producer(base(job))
    this.sent = new Float64Array(total)
    this.acknowledged = new Float64Array(total)
    this.arrived = new Float64Array(total)
  }

  async send(index: number, partition: number): Promise<void> {
    const value = Buffer.alloc(Math.max(VALUE_MIN_BYTES, this.job.size))
    value.writeInt32LE(index)
    if (index >= 0) this.sent[index] = now()
    const messages = [{ topic: this.job.topic, partition, value }]
    await this.producer.send({ acks: ACKS[this.job.acks], idempotent: false, messages })
    if (index >= 0) this.acknowledged[index] = now()
  }

  read(stream: BytesStream): void {
    stream.on("data", ({ value }) => {
      const index = value.readInt32LE()
      if (index >= 0) this.arrived[index] = now()
      this.waiting.get(index)?.()
      this.waiting.delete(index)
    })
  }

  arrival(index: number): Promise<void> {
    if (index >= 0 && this.arrived[index] !== 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("a record did not arrive")), ARRIVE_WITHIN_MS)
      this.waiting.set(index, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

const microseconds = (from: Float64Array, to: Float64Array): ReadonlyArray<number> =>
  [...from.keys()]
    .filter((index) => index >= WARM_RECORDS && to[index] !== 0)
    .map((index) => Math.round(1000 * (to[index]! - from[index]!)))

/**
 * Ends when what is sent to a partition arrives. Sent again and again: while the consumer still asks where the partition's end is, what is
 * sent may lie before the place where it begins.
 */
const probe = async (records: Records, partition: number): Promise<void> => {
  let hasArrived = false
  const index = FIRST_PROBE - partition
  const arrival = records.arrival(index).then(() => {
    hasArrived = true
  })
  while (!hasArrived) {
    await records.send(index, partition)
    await Promise.race([arrival, sleep(PROBE_EACH_MS)])
  }
}

const latency = async (job: LatencyJob): Promise<Outcome> => {
  const total = job.count + WARM_RECORDS
  const records = new Records(job, total)
  records.read(await streamOf(job, `${job.topic}-latency`, "end"))
  for (let partition = 0; partition < job.partitions; partition++) await probe(records, partition)
  const pending: Array<Promise<void>> = []
  const start = now()
  let mark: Mark = { at: start, records: 0, cpu: NONE }
  for (let index = 0; index < total; index++) {
    if (index === WARM_RECORDS) mark = begin(0)
    if (job.rate > 0) await sleep(Math.max(0, start + (1000 * index) / job.rate - now()))
    const both = Promise.all([records.send(index, index % job.partitions), records.arrival(index)])
    const done = both.then(() => undefined)
    if (job.rate === 0) await done
    else pending.push(done)
  }
  const told = outcome(mark, job.count, job.size)
  await Promise.all(pending)
  return {
    ...told,
    acknowledgedUs: microseconds(records.sent, records.acknowledged),
    endToEndUs: microseconds(records.sent, records.arrived)
  }
}

const carryOut = (job: Job): Promise<Outcome> => {
  switch (job.kind) {
    case "produce":
      return produce(job)
    case "consume":
      return consume(job)
    case "latency":
      return latency(job)
  }
}

try {
  const job: Job = JSON.parse(process.argv[2] ?? "")
  say({ event: "end", ...(await carryOut(job)) })
  process.exit(0)
} catch (cause) {
  say({ event: "end", error: cause instanceof Error ? cause.message : String(cause) })
  process.exit(1)
}
