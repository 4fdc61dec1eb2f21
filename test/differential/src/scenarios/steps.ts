/**
 * The requests that most scenarios are made of, as steps. Invariant: a helper gives both the name and the id of a topic, so
 * that the same step serves all versions. Neighbours: Scenario.ts, and the scenarios beside this file.
 */
import { Writer } from "@klamm/protocol/Bytes"
import { type Ask, ask, type Context, type Step } from "../Scenario.ts"
import { listAt, numberAt, type Struct, stringAt, type Value } from "../Value.ts"
import {
  CREATE_TOPICS,
  DESCRIBE_GROUPS,
  FETCH,
  FIND_COORDINATOR,
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  LIST_OFFSETS,
  METADATA,
  PRODUCE,
  SYNC_GROUP
} from "./keys.ts"

/** A topic id that no broker ever gave out. */
export const UNKNOWN_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
export const ZERO_ID = "AAAAAAAAAAAAAAAAAAAAAA"

type AskOptions = Parameters<typeof ask>[3]

const noPartitionFails = (answer: Struct): boolean =>
  listAt(answer, "topics").every((one) => listAt(one, "partitions").every((part) => numberAt(part, "errorCode") === 0))

export interface TopicOptions {
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** Learns a topic's id, which a creation that had to be asked twice does not tell. */
const identified = (alias: string): Ask =>
  ask(
    `${alias} has an id`,
    METADATA,
    (c) => ({ topics: [{ name: c.name(alias), topicId: ZERO_ID }], allowAutoTopicCreation: false }),
    {
      version: 12,
      setup: true,
      until: (answer) => numberAt(answer, "topics.0.errorCode") === 0,
      note: (answer, c) => c.keep(`id of ${alias}`, stringAt(answer, "topics.0.topicId"))
    }
  )

/** Creates a topic, waits until its partitions serve, and learns its id. */
export const topic = (alias: string, { partitions = 1, configs = {} }: TopicOptions = {}): ReadonlyArray<Step> => [
  ask(
    `create ${alias}`,
    CREATE_TOPICS,
    (c) => ({
      topics: [
        {
          name: c.name(alias),
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([name, value]) => ({ name, value }))
        }
      ],
      timeoutMs: 10_000
    }),
    {
      version: 7,
      setup: true,
      until: (answer) => [0, 36].includes(numberAt(answer, "topics.0.errorCode"))
    }
  ),
  served(alias, partitions),
  identified(alias)
]

/** Waits until every partition of a topic answers. */
export const served = (alias: string, partitions = 1): Ask =>
  ask(
    `${alias} is served`,
    LIST_OFFSETS,
    (c) => ({
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        {
          name: c.name(alias),
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }))
        }
      ]
    }),
    { version: 7, setup: true, until: noPartitionFails }
  )

export type Records = Uint8Array | null | ((context: Context) => Uint8Array | null)

const recordsOf = (records: Records, context: Context): Uint8Array | null =>
  typeof records === "function" ? records(context) : records

export interface ProduceOptions {
  readonly acks?: number
  readonly partition?: number
  readonly timeoutMs?: number
  readonly transactionalId?: string | null
}

export const produceRequest = (
  context: Context,
  alias: string,
  records: Records,
  { acks = -1, partition = 0, timeoutMs = 5_000, transactionalId = null }: ProduceOptions = {}
): Struct => ({
  transactionalId,
  acks,
  timeoutMs,
  topicData: [
    {
      name: context.name(alias),
      topicId: idOrUnknown(context, alias),
      partitionData: [{ index: partition, records: recordsOf(records, context) }]
    }
  ]
})

/** The id a topic was created under, or one that no topic has. */
export const idOrUnknown = (context: Context, alias: string): string =>
  alias.startsWith("absent") ? UNKNOWN_ID : context.topicId(alias)

export const produce = (
  name: string,
  alias: string,
  records: Records,
  options: ProduceOptions & { readonly ask?: AskOptions } = {}
): Ask => ask(name, PRODUCE, (c) => produceRequest(c, alias, records, options), options.ask)

/** Fills a topic without being compared. */
export const fill = (alias: string, records: Records, partition = 0): Ask =>
  produce(`fill ${alias}`, alias, records, {
    partition,
    ask: {
      version: 13,
      setup: true,
      until: (answer) => numberAt(answer, "responses.0.partitionResponses.0.errorCode") === 0
    }
  })

export interface FetchOptions {
  readonly partitions?: ReadonlyArray<Struct>
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly isolationLevel?: number
  readonly session?: readonly [number | ((context: Context) => number), number]
  readonly forgotten?: (context: Context) => ReadonlyArray<Value>
  readonly replicaId?: number
}

export const FETCH_ALL = 1_000_000

/** One partition of a fetch, with the usual values. */
export const at = (partition: number, fetchOffset: number, more: Struct = {}): Struct => ({
  partition,
  fetchOffset,
  partitionMaxBytes: FETCH_ALL,
  ...more
})

export const fetchRequest = (
  context: Context,
  topics: ReadonlyArray<readonly [string, ReadonlyArray<Struct>]>,
  options: FetchOptions = {}
): Struct => {
  const [id, epoch] = options.session ?? [0, -1]
  return {
    replicaId: options.replicaId ?? -1,
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? FETCH_ALL,
    isolationLevel: options.isolationLevel ?? 0,
    sessionId: typeof id === "function" ? id(context) : id,
    sessionEpoch: epoch,
    topics: topics.map(([alias, partitions]) => ({
      topic: context.name(alias),
      topicId: idOrUnknown(context, alias),
      partitions
    })),
    forgottenTopicsData: options.forgotten?.(context) ?? []
  }
}

export const fetch = (
  name: string,
  topics: ReadonlyArray<readonly [string, ReadonlyArray<Struct>]>,
  options: FetchOptions & { readonly ask?: AskOptions } = {}
): Ask => ask(name, FETCH, (c) => fetchRequest(c, topics, options), options.ask)

/** Makes sure that the group's coordinator is there and loaded; needed before the first group of a broker only. */
export const coordinated = (alias: string): ReadonlyArray<Step> => [
  ask("find the coordinator", FIND_COORDINATOR, (c) => ({ coordinatorKeys: [c.name(alias)], keyType: 0 }), {
    version: 4,
    setup: true,
    until: (answer) => numberAt(answer, "coordinators.0.errorCode") === 0
  }),
  ask(
    "the coordinator is loaded",
    HEARTBEAT,
    (c) => ({ groupId: c.name(alias), generationId: 1, memberId: "nobody" }),
    {
      version: 4,
      setup: true,
      until: (answer) => numberAt(answer, "errorCode") === 25
    }
  )
]

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/**
 * What a consumer says of itself in JoinGroup (ConsumerProtocolSubscription v0): its topics, and data of its own. It has to
 * be well-formed: a Kafka that cannot read it never completes the rebalance.
 */
export const subscription = (topics: ReadonlyArray<string>, userData: string): Uint8Array => {
  const writer = new Writer()
  writer.int16(0)
  writer.int32(topics.length)
  for (const name of topics) writer.string(name)
  writer.bytes(utf8(userData))
  return writer.toBytes()
}

export interface JoinOptions {
  readonly on?: string
  /** The captured member id of this alias; "" to join anew. */
  readonly as?: string
  readonly memberId?: string
  readonly instance?: string | null
  readonly protocolType?: string
  /** Names of protocols, with what tells one subscription from another. */
  readonly protocols?: ReadonlyArray<readonly [string, string]>
  /** Aliases of the topics subscribed to. */
  readonly topics?: ReadonlyArray<string>
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
}

export const joinRequest = (context: Context, group: string, options: JoinOptions): Struct => ({
  groupId: context.name(group),
  sessionTimeoutMs: options.sessionTimeoutMs ?? 30_000,
  rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 10_000,
  memberId: options.as === undefined ? (options.memberId ?? "") : context.text(`member ${options.as}`),
  groupInstanceId: options.instance ?? null,
  protocolType: options.protocolType ?? "consumer",
  protocols: (options.protocols ?? [["range", "metadata"]]).map(([name, metadata]) => ({
    name,
    metadata: subscription((options.topics ?? []).map(context.name.bind(context)), metadata)
  })),
  reason: "a test"
})

/** Joins, and remembers the member id and the generation under an alias. */
export const join = (
  name: string,
  group: string,
  alias: string,
  options: JoinOptions = {},
  more: AskOptions = {}
): Ask =>
  ask(name, JOIN_GROUP, (c) => joinRequest(c, group, options), {
    on: options.on ?? alias,
    note: (answer, c) => {
      const memberId = stringAt(answer, "memberId")
      if (memberId !== "") c.keep(`member ${alias}`, memberId)
      const generation = numberAt(answer, "generationId")
      if (generation >= 0) c.keep("generation", generation)
    },
    ...more
  })

export interface MemberOptions {
  readonly generation?: number
  readonly memberId?: string
  readonly instance?: string | null
}

const memberOf = (context: Context, alias: string, options: MemberOptions): Struct => ({
  generationId: options.generation ?? context.number("generation"),
  memberId: options.memberId ?? context.text(`member ${alias}`),
  groupInstanceId: options.instance ?? null
})

export const sync = (
  name: string,
  group: string,
  alias: string,
  assignments: ReadonlyArray<string>,
  options: MemberOptions & { readonly protocolType?: string; readonly protocolName?: string } = {},
  more: AskOptions = {}
): Ask =>
  ask(
    name,
    SYNC_GROUP,
    (c) => ({
      groupId: c.name(group),
      ...memberOf(c, alias, options),
      protocolType: options.protocolType ?? "consumer",
      protocolName: options.protocolName ?? "range",
      assignments: assignments.map((member) => ({
        memberId: c.text(`member ${member}`),
        assignment: utf8(`for ${member}`)
      }))
    }),
    { on: alias, ...more }
  )

export const heartbeat = (
  name: string,
  group: string,
  alias: string,
  options: MemberOptions = {},
  more: AskOptions = {}
): Ask =>
  ask(name, HEARTBEAT, (c) => ({ groupId: c.name(group), ...memberOf(c, alias, options) }), { on: alias, ...more })

export const leave = (
  name: string,
  group: string,
  alias: string,
  options: MemberOptions = {},
  more: AskOptions = {}
): Ask =>
  ask(
    name,
    LEAVE_GROUP,
    (c) => {
      const memberId = options.memberId ?? c.text(`member ${alias}`)
      return {
        groupId: c.name(group),
        memberId,
        members: [{ memberId, groupInstanceId: options.instance ?? null, reason: "a test" }]
      }
    },
    { on: alias, ...more }
  )

/** A stable group of one dynamic member: joins (twice where the id has to be asked for first) and syncs. */
export const stableGroup = (group: string, alias = "A"): ReadonlyArray<Step> => [
  join(
    `${alias} asks for an id`,
    group,
    alias,
    {},
    { version: 9, setup: true, until: (a) => numberAt(a, "errorCode") === 79 }
  ),
  join(
    `${alias} joins`,
    group,
    alias,
    { as: alias },
    { version: 9, setup: true, until: (a) => numberAt(a, "errorCode") === 0 }
  ),
  sync(
    `${alias} syncs`,
    group,
    alias,
    [alias],
    {},
    { version: 5, setup: true, until: (a) => numberAt(a, "errorCode") === 0 }
  )
]

export const describe = (name: string, group: string, more: AskOptions = {}): Ask =>
  ask(name, DESCRIBE_GROUPS, (c) => ({ groups: [c.name(group)], includeAuthorizedOperations: false }), {
    version: 6,
    ...more
  })
