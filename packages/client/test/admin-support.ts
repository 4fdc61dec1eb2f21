/**
 * A cluster that answers by hand. Each request is encoded in every version that the call allows, so that none is refused for what it
 * says; the answer goes over the wire of that version too.
 */
import { assert } from "@effect/vitest"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import type { Codecs } from "@klamm/protocol/Compression"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import type { AdminError } from "../src/Admin.ts"
import type { Cluster, Target } from "../src/Cluster.ts"
import { nothingKnown } from "../src/cluster/Metadata.ts"
import { Klamm } from "../src/Klamm.ts"
import { ConnectionError, type RequestError } from "../src/KlammError.ts"
import type { Settings } from "../src/Options.ts"
import { clusterOf } from "./cluster-support.ts"

export interface Asked {
  readonly api: string
  readonly target: Target
  /** In the highest version. */
  readonly body: unknown
}

/** By the name of the request without its last word; several are given one after another, the last again and again. */
export type Answers = Readonly<Record<string, object | ReadonlyArray<object | "lost">>>

export const settings = { apiTimeoutMs: 60_000, clientId: "test" } as Settings
const codecs = {} as Codecs

export const fakeCluster = (answers: Answers) => {
  const asked: Array<Asked> = []
  const invalidated: Array<string> = []
  const counts = new Map<string, number>()
  const answerTo = (api: string): object | "lost" => {
    const given = answers[api]
    if (given === undefined) throw new Error(`no answer to ${api}`)
    const count = counts.get(api) ?? 0
    counts.set(api, count + 1)
    return Array.isArray(given) ? given[Math.min(count, given.length - 1)] : given
  }
  const ask: Cluster["ask"] = (target, api, body, use, options = {}) =>
    Effect.suspend(() => {
      const name = api.request.name.slice(0, -"Request".length)
      const lowest = Math.max(options.minVersion ?? 0, api.request.versions.min)
      const highest = Math.min(options.maxVersion ?? Number.POSITIVE_INFINITY, api.request.versions.max)
      const input = (version: number) => (body instanceof Function ? body(version) : body)
      for (let version = lowest; version <= highest; version++) {
        codec(api.request, version).encode(new Writer(), input(version))
      }
      asked.push({ api: name, target, body: input(highest) })
      const answer = answerTo(name)
      if (answer === "lost") {
        return Effect.fail<RequestError>(new ConnectionError({ reason: "Disconnected", address: "b1:9092" }))
      }
      const writer = new Writer()
      codec(api.response, highest).encode(writer, answer as never)
      return Effect.succeed(use(codec(api.response, highest).decode(new Reader(writer.toBytes())), highest))
    })
  const cluster = clusterOf({
    ask,
    known: () => nothingKnown,
    invalidate: () => void invalidated.push("metadata"),
    invalidateCoordinator: (kind, key) => void invalidated.push(`${kind} ${key}`),
    backoffMs: (attempt) => 100 * attempt
  })
  const service = { cluster, settings, codecs, producerDefaults: {}, consumerDefaults: {} }
  const run = <A>(call: Effect.Effect<A, AdminError, Klamm>): Effect.Effect<A, AdminError> =>
    Effect.provideService(call, Klamm, service)
  return { asked, invalidated, run }
}

export interface Case {
  readonly call: Effect.Effect<unknown, AdminError, Klamm>
  readonly answers: Answers
  /** The targets that are asked, in order, of the call's own API. */
  readonly at: ReadonlyArray<string>
  readonly gives: unknown
}

const targetOf = (target: {
  readonly _tag: string
  readonly id?: number
  readonly kind?: string
  readonly key?: string
}) => [target._tag, target.id, target.kind, target.key].filter((part) => part !== undefined).join(" ")

/** What it gives, and who was asked for it. */
export const check = ({ call, answers, at, gives }: Case): Effect.Effect<void, AdminError> =>
  Effect.gen(function* () {
    const { asked, run } = fakeCluster(answers)
    assert.deepStrictEqual(yield* run(call), gives)
    const own = asked.at(-1)?.api
    const targets = asked.filter(({ api }) => api === own).map(({ target }) => targetOf(target))
    assert.deepStrictEqual(targets, at)
  })

/** An answer that names two brokers. */
export const twoBrokers = {
  DescribeCluster: {
    errorCode: 0,
    clusterId: "c",
    controllerId: 2,
    brokers: [1, 2].map((brokerId) => ({ brokerId, host: `b${brokerId}`, port: 9092, rack: null }))
  }
}

/** An answer that names the leaders of the partitions of `orders`, from partition 0 on. */
export const ledBy = (...leaders: ReadonlyArray<number>) => ({
  Metadata: {
    brokers: [],
    clusterId: "c",
    controllerId: 1,
    topics: [
      {
        errorCode: 0,
        name: "orders",
        topicId: ZERO,
        isInternal: false,
        partitions: leaders.map((leaderId, partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId,
          leaderEpoch: 3,
          replicaNodes: [leaderId],
          isrNodes: [leaderId],
          offlineReplicas: []
        }))
      }
    ]
  }
})

export const ok = { errorCode: 0, errorMessage: null }
