/**
 * A client of a world's cluster: asks brokers by Kafka's protocol, and knows from Metadata whom to ask for a partition. Deterministic
 * and small: what real clients do against failures (refresh, back off, ask another broker) and nothing for speed.
 */

import type { ChannelError } from "@klamm/channel/ChannelError"
import { type Channels, make as makeChannels } from "@klamm/channel/Channels"
import type { Arena } from "@klamm/platform/Arena"
import type { Address, Network } from "@klamm/platform/Network"
import type { Message } from "@klamm/protocol/Api"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { FindCoordinatorRequest, FindCoordinatorResponse } from "@klamm/protocol/api/10-FindCoordinator"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Chance } from "../Chance.ts"

/** As Kafka's clients have them, in milliseconds. */
export const requestTimeoutMs = 5_000
const connectTimeoutMs = 2_000
export const backoffMs = 100
const maxFrameBytes = 4 * 1024 * 1024

export interface Leader {
  readonly address: Address
  readonly nodeId: number
  readonly epoch: number
}

export interface ClientOptions {
  readonly arena: Arena
  readonly clientId: string
  readonly bootstrap: ReadonlyArray<Address>
  readonly chance: Chance
}

/** Why there is no answer: the call failed, or the broker said no with this code. */
export type Refusal = ChannelError | { readonly _tag: "Refused"; readonly errorCode: number }

export const refused = (errorCode: number): Refusal => ({ _tag: "Refused", errorCode })

type Api<Request, Response> = { readonly request: Message<Request>; readonly response: Message<Response> }

export class Client {
  readonly clientId: string
  readonly chance: Chance
  private readonly options: ClientOptions
  private readonly channels: Channels
  private readonly leaders = new Map<string, Leader>()
  private brokers: ReadonlyArray<Address>
  private coordinators = new Map<string, Address>()

  constructor(options: ClientOptions, channels: Channels) {
    this.options = options
    this.clientId = options.clientId
    this.chance = options.chance
    this.channels = channels
    this.brokers = options.bootstrap
  }

  /** Asks, and gives the memory of the answer back when `use` is done with it. */
  ask<Request, Response, A>(
    to: Address,
    api: Api<Request, Response>,
    version: number,
    body: Message<Request>["Input"],
    use: (answer: Message<Response>["Type"]) => A,
    timeoutMs: number = requestTimeoutMs
  ): Effect.Effect<A, ChannelError> {
    return Effect.map(this.channels.request(to, api, version, body, timeoutMs), (answer) => {
      try {
        return use(answer.body)
      } finally {
        answer.release()
      }
    })
  }

  /** Any broker; a bootstrap server when the known ones may all be gone. */
  get anyone(): Address {
    return this.chance.pick(this.chance.happens(0.5) ? this.brokers : this.options.bootstrap)
  }

  /** The leader as last heard of. */
  leaderOf(topic: string, partition: number): Leader | undefined {
    return this.leaders.get(`${topic}-${partition}`)
  }

  /** Asks anyone who leads the partitions of a topic; answers how many there are. */
  refresh(topic: string): Effect.Effect<number, Refusal> {
    const body = { topics: [{ name: topic }], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }
    const asked = this.ask(
      this.anyone,
      { request: MetadataRequest, response: MetadataResponse },
      12,
      { ...body, includeClusterAuthorizedOperations: false },
      (answer) => this.learn(topic, answer)
    )
    return Effect.flatMap(asked, ({ errorCode, partitions }) =>
      errorCode === ErrorCode.NONE ? Effect.succeed(partitions) : Effect.fail(refused(errorCode))
    )
  }

  /** How many replicas each partition has, and how many of them are in sync, as that broker knows. */
  replication(topic: string, broker: Address) {
    const body = { topics: [{ name: topic }], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }
    return this.ask(
      broker,
      { request: MetadataRequest, response: MetadataResponse },
      12,
      { ...body, includeClusterAuthorizedOperations: false },
      ({ topics }) =>
        (topics[0]?.partitions ?? []).map(({ replicaNodes, isrNodes }) => ({
          replicas: replicaNodes.length,
          inSync: isrNodes.length
        }))
    )
  }

  private learn(topic: string, answer: MetadataResponse) {
    const addresses = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    if (addresses.size > 0) this.brokers = [...addresses.values()]
    const found = answer.topics[0]
    for (const { partitionIndex, leaderId, leaderEpoch } of found?.partitions ?? []) {
      const address = addresses.get(leaderId)
      const key = `${topic}-${partitionIndex}`
      const known = this.leaders.get(key)
      /** Metadata of a broker that is behind is not believed, as clients do since KIP-320. */
      if (known !== undefined && known.epoch > leaderEpoch) continue
      if (address !== undefined) this.leaders.set(key, { address, nodeId: leaderId, epoch: leaderEpoch })
      else this.leaders.delete(key)
    }
    return {
      errorCode: found?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      partitions: found?.partitions.length ?? 0
    }
  }

  /** The partition's leader, asked for until there is one. */
  findLeader(topic: string, partition: number): Effect.Effect<Leader> {
    return Effect.suspend(() => {
      const known = this.leaderOf(topic, partition)
      if (known !== undefined) return Effect.succeed(known)
      const again = Effect.andThen(Effect.exit(this.refresh(topic)), Effect.sleep(backoffMs))
      return Effect.flatMap(again, () => this.findLeader(topic, partition))
    })
  }

  /** Where the group's coordinator is, from memory or asked anew. */
  coordinatorOf(group: string): Effect.Effect<Address, Refusal> {
    const known = this.coordinators.get(group)
    if (known !== undefined) return Effect.succeed(known)
    const asked = this.ask(
      this.anyone,
      { request: FindCoordinatorRequest, response: FindCoordinatorResponse },
      4,
      { key: "", keyType: 0, coordinatorKeys: [group] },
      ({ coordinators: [found] }) => found
    )
    return Effect.flatMap(asked, (found) => {
      const errorCode = found?.errorCode ?? ErrorCode.COORDINATOR_NOT_AVAILABLE
      if (found === undefined || errorCode !== ErrorCode.NONE) return Effect.fail(refused(errorCode))
      const address = { host: found.host, port: found.port }
      this.coordinators.set(group, address)
      return Effect.succeed(address)
    })
  }

  forgetCoordinator(group: string): void {
    this.coordinators.delete(group)
  }
}

export const makeClient = (options: ClientOptions): Effect.Effect<Client, never, Network | Scope.Scope> =>
  Effect.map(
    makeChannels({ arena: options.arena, clientId: options.clientId, maxFrameBytes, connectTimeoutMs }),
    (channels) => new Client(options, channels)
  )
