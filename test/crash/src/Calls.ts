/**
 * The few requests that the crash test makes, each awaited on its own connection. Invariant: a call either has the answer,
 * or throws `Gone` because the broker is, which says nothing of whether the request was carried out. Neighbours:
 * test/differential/src (Wire.ts, Tables.ts, Forge.ts).
 */
import { decodeAnswer, requestBytes } from "klamm-test-differential/Tables"
import { at, bytesAt, numberAt, type Struct, stringAt } from "klamm-test-differential/Value"
import { framed, Wire } from "klamm-test-differential/Wire"

/** The broker closed the connection, or fell silent. */
export class Gone extends Error {}

const ANSWER_WITHIN_MS = 20_000
const CONNECT_WITHIN_MS = 60_000
const RETRY_AFTER_MS = 50

const PRODUCE = 0
const FETCH = 1
const OFFSET_COMMIT = 8
const OFFSET_FETCH = 9
const FIND_COORDINATOR = 10
const CREATE_TOPICS = 19
const INIT_PRODUCER_ID = 22
const METADATA = 3

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export interface Place {
  readonly topic: string
  readonly partition: number
}

export interface Produced {
  readonly errorCode: number
  readonly errorMessage: string
  readonly baseOffset: number
}

/** One connection; its calls are made one after the other. */
export class Calls {
  private readonly wire: Wire
  private correlationId = 0

  private constructor(wire: Wire) {
    this.wire = wire
  }

  /** Connects, trying again while the broker is not up yet. */
  static async open(address: string): Promise<Calls> {
    const deadline = performance.now() + CONNECT_WITHIN_MS
    for (;;) {
      try {
        return new Calls(await Wire.open(address))
      } catch (cause) {
        if (performance.now() > deadline) throw cause
        await sleep(RETRY_AFTER_MS)
      }
    }
  }

  close(): void {
    this.wire.close()
  }

  private async call(api: number, version: number, body: Struct): Promise<Struct> {
    const correlationId = ++this.correlationId
    const frame = requestBytes({ api, version, writeAs: version, correlationId, clientId: "crash", body })
    this.wire.send(framed(frame))
    const got = await this.wire.next(ANSWER_WITHIN_MS)
    if (got.kind !== "frame") throw new Gone(`API ${api}: ${got.kind}`)
    const decoded = decodeAnswer(api, version, correlationId, got.bytes)
    if (decoded.kind !== "answer") throw new Error(`API ${api}: ${decoded.why}`)
    return decoded.answer
  }

  /** Creates a topic, or finds it there, and waits until its partitions have a leader. */
  async createTopic(name: string, numPartitions: number): Promise<void> {
    await this.call(CREATE_TOPICS, 5, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 10_000
    })
    await this.until(`topic ${name}`, async () => {
      const answer = await this.call(METADATA, 9, { topics: [{ name }], allowAutoTopicCreation: false })
      return numberAt(answer, "topics.0.errorCode") === 0
    })
  }

  async initProducerId(): Promise<number> {
    const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
    let producerId = -1
    await this.until("a producer id", async () => {
      const answer = await this.call(INIT_PRODUCER_ID, 4, body)
      producerId = numberAt(answer, "producerId")
      return numberAt(answer, "errorCode") === 0
    })
    return producerId
  }

  /** Produces with acks=all. */
  async produce(place: Place, records: Uint8Array): Promise<Produced> {
    const answer = await this.call(PRODUCE, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: place.topic, partitionData: [{ index: place.partition, records }] }]
    })
    const path = "responses.0.partitionResponses.0"
    return {
      errorCode: numberAt(answer, `${path}.errorCode`),
      errorMessage: String(at(answer, `${path}.errorMessage`)),
      baseOffset: numberAt(answer, `${path}.baseOffset`)
    }
  }

  async fetch(
    place: Place,
    fetchOffset: number
  ): Promise<{ readonly errorCode: number; readonly records: Uint8Array }> {
    const maxBytes = 4 * 1024 * 1024
    const answer = await this.call(FETCH, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes,
      topics: [
        {
          topic: place.topic,
          partitions: [{ partition: place.partition, fetchOffset, partitionMaxBytes: maxBytes }]
        }
      ]
    })
    const path = "responses.0.partitions.0"
    return { errorCode: numberAt(answer, `${path}.errorCode`), records: bytesAt(answer, `${path}.records`) }
  }

  async coordinator(groupId: string): Promise<void> {
    await this.until(`the coordinator of ${groupId}`, async () => {
      const answer = await this.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys: [groupId] })
      return numberAt(answer, "coordinators.0.errorCode") === 0
    })
  }

  async commit(groupId: string, place: Place, committedOffset: number): Promise<number> {
    const answer = await this.call(OFFSET_COMMIT, 8, {
      groupId,
      topics: [
        {
          name: place.topic,
          partitions: [{ partitionIndex: place.partition, committedOffset, committedMetadata: `at ${committedOffset}` }]
        }
      ]
    })
    return numberAt(answer, "topics.0.partitions.0.errorCode")
  }

  async committed(groupId: string, place: Place): Promise<{ readonly offset: number; readonly metadata: string }> {
    let found = { offset: -1, metadata: "" }
    await this.until(`the commits of ${groupId}`, async () => {
      const answer = await this.call(OFFSET_FETCH, 7, {
        groupId,
        topics: [{ name: place.topic, partitionIndexes: [place.partition] }]
      })
      if (numberAt(answer, "errorCode") !== 0) return false
      const path = "topics.0.partitions.0"
      found = { offset: numberAt(answer, `${path}.committedOffset`), metadata: stringAt(answer, `${path}.metadata`) }
      return numberAt(answer, `${path}.errorCode`) === 0
    })
    return found
  }

  /** A broker that has just come back needs a moment for leaders and coordinators. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + ANSWER_WITHIN_MS
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`${what}: not there within ${ANSWER_WITHIN_MS} ms`)
      await sleep(RETRY_AFTER_MS)
    }
  }
}
