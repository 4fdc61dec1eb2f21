/** The client's door for those who don't use Effect, against brokers on real ports. */
import { connect, json, text } from "@klamm/client/Promises"
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest"
import { type StartedCluster, startTestCluster } from "../src/startTestCluster.ts"

interface Order {
  readonly id: string
  readonly total: number
}

const parseOrder = (value: unknown): Order => {
  if (typeof value === "object" && value !== null && "id" in value && "total" in value) {
    const { id, total } = value
    if (typeof id === "string" && typeof total === "number") return { id, total }
  }
  throw new TypeError("no order")
}

const orders = (name: string) => json(name, parseOrder)
const order = (id: string, total = 1) => ({ key: "cust-7", value: { id, total } })
const ids = (count: number) => Array.from({ length: count }, (_, index) => `o-${index}`)
const fromStart = { autoOffsetReset: "earliest" } as const

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({
    settings: { "group.initial.rebalance.delay.ms": 0 },
    topics: ["sent", "looped", "left", "hand", "aborted", "worked", "dead", "undecodable", "retried", "closing"]
  })
})
afterAll(() => cluster.stop())

const connected = () => connect({ bootstrap: cluster.bootstrap })

describe("connect", () => {
  it("rejects with the reason when nobody is there in time, and when its signal is aborted", async () => {
    const nowhere = { bootstrap: "127.0.0.1:1", apiTimeoutMs: 200 }
    await expect(connect(nowhere)).rejects.toMatchObject({ _tag: "TimeoutError", retriable: true })
    const reason = new Error("enough")
    const aborting = connect({ ...nowhere, apiTimeoutMs: 60_000, signal: AbortSignal.timeout(50) })
    await expect(aborting).rejects.toMatchObject({ name: "TimeoutError" })
    await expect(connect({ ...nowhere, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(connect({ bootstrap: "" })).rejects.toMatchObject({ _tag: "ConfigError" })
  })

  it("leaves nothing: what is asked after close is refused, and what was sent before is there", async () => {
    const kafka = await connect({
      bootstrap: cluster.bootstrap,
      producer: { lingerMs: 60_000, deliveryTimeoutMs: 120_000 }
    })
    const sent = kafka.send(text("closing"), { key: null, value: "last" })
    await kafka.close()
    await kafka.close()
    expect(await sent).toMatchObject({ topic: "closing", offset: 0 })
    await expect(kafka.send(text("closing"), { key: null, value: "late" })).rejects.toMatchObject({
      _tag: "ClosedError"
    })
  })
})

describe("sending", () => {
  it("answers where records are, and rejects with Kafka's code and whether to try again", async () => {
    await using kafka = await connected()
    expect(await kafka.send(orders("sent"), order("o-1"))).toMatchObject({ topic: "sent", partition: 0, offset: 0 })
    const many = await kafka.sendMany(
      orders("sent"),
      ids(3).map((id) => order(id))
    )
    expect(many.map(({ offset }) => offset)).toEqual([1, 2, 3])
    const large = kafka.send(text("sent"), { key: null, value: "x".repeat(2_000_000) })
    await expect(large).rejects.toMatchObject({ _tag: "ProduceError", codeName: "MESSAGE_TOO_LARGE", retriable: false })
  })

  it("by a producer of its own has settings of its own, until that is closed", async () => {
    await using kafka = await connected()
    const producer = await kafka.producer({ compressionType: "gzip" })
    expect(await producer.send(orders("sent"), order("o-9"))).toMatchObject({ topic: "sent" })
    await producer.close()
    await expect(producer.send(orders("sent"), order("o-10"))).rejects.toMatchObject({ retriable: false })
    await expect(producer.transaction(async () => 1)).rejects.toMatchObject({ _tag: "ConfigError" })
  })

  it("is typed by its topic", async () => {
    await using kafka = await connected()
    const of = orders("sent")
    type Sent = Parameters<typeof kafka.send<string | null, Order, never>>[1]["value"]
    expectTypeOf<Sent>().toEqualTypeOf<Order>()
    expectTypeOf(kafka.consume(of).next).returns.resolves.toHaveProperty("value")
    expectTypeOf(kafka.admin.listTopics).returns.resolves.items.toHaveProperty("name")
  })
})

describe("consume", () => {
  it("gives records one after another; leaving the loop commits what was done before", async () => {
    await using kafka = await connected()
    await kafka.sendMany(
      orders("left"),
      ids(5).map((id) => order(id))
    )
    const read = async (count: number) => {
      const seen: Array<string> = []
      for await (const { value } of kafka.consume(orders("left"), { group: "leaving", ...fromStart })) {
        seen.push(value.id)
        if (seen.length === count) break
      }
      return seen
    }
    expect(await read(3)).toEqual(["o-0", "o-1", "o-2"])
    // The one it was left with was not done.
    expect(await read(3)).toEqual(["o-2", "o-3", "o-4"])
  })

  it("commits what it is told where it commits nothing by itself", async () => {
    await using kafka = await connected()
    await kafka.sendMany(
      orders("hand"),
      ids(4).map((id) => order(id))
    )
    const options = { group: "by-hand", enableAutoCommit: false, ...fromStart }
    const consuming = kafka.consume(orders("hand"), options)
    for await (const record of consuming) {
      if (record.value.id === "o-1") await consuming.commit(record)
      if (record.value.id === "o-3") break
    }
    const offsets = await kafka.admin.listGroupOffsets("by-hand")
    expect(offsets.map(({ offset }) => offset)).toEqual([2])
  })

  it("ends quietly when its signal is aborted, also while it waits", async () => {
    await using kafka = await connected()
    await kafka.send(orders("aborted"), order("o-1"))
    const stop = new AbortController()
    const seen: Array<string> = []
    for await (const { value } of kafka.consume(orders("aborted"), { ...fromStart, signal: stop.signal })) {
      seen.push(value.id)
      setTimeout(() => stop.abort(), 20)
    }
    expect(seen).toEqual(["o-1"])
  })

  it("ends with its connection", async () => {
    const kafka = await connected()
    const consuming = kafka.consume(orders("looped"), { group: "looping", ...fromStart })
    const next = consuming.next()
    setTimeout(() => void kafka.close(), 50)
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await consuming.next()).toEqual({ done: true, value: undefined })
  })

  it("passes over what can't be decoded, and says so", async () => {
    await using kafka = await connected()
    await kafka.send(text("undecodable"), { key: null, value: "no JSON" })
    await kafka.send(orders("undecodable"), order("o-1"))
    const failures: Array<string> = []
    const onDecodeError = async (failure: { readonly error: { readonly part: string } }) => {
      failures.push(failure.error.part)
    }
    for await (const { value } of kafka.consume(orders("undecodable"), { ...fromStart, onDecodeError })) {
      expect(value.id).toBe("o-1")
      break
    }
    expect(failures).toEqual(["value"])
  })
})

describe("forEach", () => {
  it("works on records until it is told to end, which commits what is done", async () => {
    await using kafka = await connected()
    await kafka.sendMany(
      orders("worked"),
      ids(6).map((id) => order(id))
    )
    const stop = new AbortController()
    const seen = new Set<string>()
    const options = { group: "working", concurrency: "key", signal: stop.signal, ...fromStart } as const
    await kafka.forEach(orders("worked"), options, async ({ value }) => {
      seen.add(value.id)
      if (seen.size === 6) setTimeout(() => stop.abort(), 20)
    })
    expect([...seen]).toEqual(ids(6))
    expect((await kafka.admin.listGroupOffsets("working")).map(({ offset }) => offset)).toEqual([6])
  })

  it("tries again what failed, then gives it to the dead letters", async () => {
    await using kafka = await connected()
    await kafka.send(orders("retried"), order("o-bad"))
    const stop = new AbortController()
    let tries = 0
    const retrying = kafka.forEach(
      orders("retried"),
      { group: "retrying", retry: { times: 2, delayMs: 1 }, deadLetter: "dead", signal: stop.signal, ...fromStart },
      () => {
        tries += 1
        throw new Error("card refused")
      }
    )
    for await (const { headers, value } of kafka.consume(orders("dead"), fromStart)) {
      expect(value.id).toBe("o-bad")
      expect(headers.map(({ key }) => key)).toContain("klamm.dlq.message")
      break
    }
    expect(tries).toBe(3)
    stop.abort()
    await retrying
  })

  it("rejects with what the work rejected with, where no dead letters take it", async () => {
    await using kafka = await connected()
    await kafka.send(orders("retried"), order("o-bad"))
    const sorry = new Error("sorry")
    const failing = kafka.forEach(orders("retried"), { group: "failing", ...fromStart }, () => Promise.reject(sorry))
    await expect(failing).rejects.toBe(sorry)
  })
})

describe("admin", () => {
  it("has every call of the Effect module, as a promise", async () => {
    await using kafka = await connected()
    await kafka.admin.createTopics([{ topic: "made", partitions: 2 }])
    expect((await kafka.admin.listTopics()).map(({ name }) => name)).toContain("made")
    expect((await kafka.admin.describeQuorum()).leader).toBeGreaterThan(0)
    const again = kafka.admin.createTopics([{ topic: "made" }])
    await expect(again).rejects.toMatchObject({ _tag: "AdminError", codeName: "TOPIC_ALREADY_EXISTS" })
  })
})

/** Transactions need brokers that have them. */
describe.runIf(process.env.KAFKA_BOOTSTRAP !== undefined)("transactions, Kafka", () => {
  const name = `promises-${process.pid}`
  const made = async () => {
    const kafka = await connect({ bootstrap: process.env.KAFKA_BOOTSTRAP ?? "" })
    const [input, output] = [text(`${name}-in`), text(`${name}-out`)]
    await kafka.admin.createTopics([input, output].map((topic) => ({ topic: topic.name, partitions: 1 })))
    return { kafka, input, output }
  }
  const committed = { ...fromStart, isolationLevel: "read_committed" } as const

  it("what is sent in one that fails or is called off is never seen, and exactlyOnce makes each record once", async () => {
    const { kafka, input, output } = await made()
    const producer = await kafka.producer({ transactionalId: name })
    const sending = (value: string) => ({ key: null, value })
    await producer.transaction(async (transaction) => {
      await transaction.send(input, sending("1"))
    })
    const sorry = new Error("sorry")
    const failed = producer.transaction(async (transaction) => {
      await transaction.send(input, sending("failed"))
      throw sorry
    })
    await expect(failed).rejects.toBe(sorry)
    const stop = new AbortController()
    const called = producer.transaction(
      async (transaction) => {
        await transaction.send(input, sending("called off"))
        stop.abort(sorry)
        await new Promise(() => undefined)
      },
      { signal: stop.signal }
    )
    await expect(called).rejects.toBe(sorry)
    await producer.transaction((transaction) => transaction.send(input, sending("2")))
    const end = new AbortController()
    const making = kafka.exactlyOnce(
      input,
      output,
      { group: name, ...fromStart, signal: end.signal },
      async (record) => [sending(`made of ${record.value}`)]
    )
    const seen: Array<string | null> = []
    for await (const { value } of kafka.consume(output, committed)) {
      seen.push(value)
      if (seen.length === 2) break
    }
    end.abort()
    await making
    await kafka.close()
    expect(seen).toEqual(["made of 1", "made of 2"])
  })
})
