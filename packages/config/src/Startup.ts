/**
 * The rules between keys that Kafka checks before a node starts and again before a dynamic change is taken. Invariant: a
 * pure function of the values; each broken rule is one conflict with Kafka's sentence and the keys it is about.
 * Neighbours: Listeners.ts (reads the addresses first), BrokerConfig.ts and Alter.ts (which ask).
 */
import * as Result from "effect/Result"
import type { BrokerKeyName, BrokerValues } from "./BrokerTable.ts"
import * as Derived from "./Derived.ts"
import type { Endpoints } from "./Listeners.ts"
import { endpointsOf, parseVoters } from "./Listeners.ts"

export interface Conflict {
  readonly names: ReadonlyArray<BrokerKeyName>
  readonly reason: string
}

interface Rule {
  readonly holds: boolean
  readonly names: ReadonlyArray<BrokerKeyName>
  readonly reason: string
}

const conflicts = (rules: ReadonlyArray<Rule>): ReadonlyArray<Conflict> =>
  rules.filter((rule) => !rule.holds).map(({ names, reason }) => ({ names, reason }))

const MEBIBYTE = 1_048_576

const logRules = (values: BrokerValues): ReadonlyArray<Rule> => {
  const retention = Derived.logRetentionMs(values)
  const dirs = Derived.logDirs(values)
  const foreign = values["cordoned.log.dirs"].filter((dir) => dir !== "*" && !dirs.includes(dir))
  const minLag = values["log.cleaner.min.compaction.lag.ms"]
  const maxLag = values["log.cleaner.max.compaction.lag.ms"]
  return [
    {
      holds: Derived.logRollMs(values) >= 1,
      names: ["log.roll.ms"],
      reason: "log.roll.ms must be greater than or equal to 1"
    },
    {
      holds: Derived.logRollJitterMs(values) >= 0,
      names: ["log.roll.jitter.ms"],
      reason: "log.roll.jitter.ms must be greater than or equal to 0"
    },
    {
      holds: retention >= 1 || retention === -1,
      names: ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
      reason: "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"
    },
    {
      holds: values["log.cleaner.dedupe.buffer.size"] / values["log.cleaner.threads"] > MEBIBYTE,
      names: ["log.cleaner.dedupe.buffer.size", "log.cleaner.threads"],
      reason: "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."
    },
    {
      holds: foreign.length === 0,
      names: ["cordoned.log.dirs", "log.dirs", "log.dir"],
      reason: `All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${foreign.join(",")}`
    },
    {
      holds: minLag <= maxLag,
      names: ["log.cleaner.min.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms"],
      reason: `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`
    }
  ]
}

const networkRules = (values: BrokerValues): ReadonlyArray<Rule> => {
  const overrides = Derived.connectionOverrides(values)
  const delay = values["connection.failed.authentication.delay.ms"]
  const idle = values["connections.max.idle.ms"]
  const queued = values["queued.max.request.bytes"]
  return [
    {
      holds: queued <= 0 || queued >= values["socket.request.max.bytes"],
      names: ["queued.max.request.bytes", "socket.request.max.bytes"],
      reason: "queued.max.request.bytes must be larger or equal to socket.request.max.bytes"
    },
    {
      holds: overrides !== null,
      names: ["max.connections.per.ip.overrides"],
      reason: "Error parsing configuration property 'max.connections.per.ip.overrides': each entry must be host:limit"
    },
    {
      holds: values["max.connections.per.ip"] !== 0 || (overrides?.size ?? 0) > 0,
      names: ["max.connections.per.ip", "max.connections.per.ip.overrides"],
      reason: "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set."
    },
    {
      holds: idle < 0 || delay < idle,
      names: ["connection.failed.authentication.delay.ms", "connections.max.idle.ms"],
      reason:
        `connection.failed.authentication.delay.ms=${delay} should always be less than connections.max.idle.ms=${idle} ` +
        "to prevent failed authentication responses from timing out"
    }
  ]
}

const replicationRules = (values: BrokerValues): ReadonlyArray<Rule> => [
  {
    holds: values["replica.fetch.wait.max.ms"] <= values["replica.socket.timeout.ms"],
    names: ["replica.fetch.wait.max.ms", "replica.socket.timeout.ms"],
    reason:
      "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts"
  },
  {
    holds: values["replica.fetch.wait.max.ms"] <= values["replica.lag.time.max.ms"],
    names: ["replica.fetch.wait.max.ms", "replica.lag.time.max.ms"],
    reason:
      "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR"
  }
]

/** Keys that come as a least, a default and a largest value, the default being what the middle key says. */
const LIMITS: ReadonlyArray<readonly [BrokerKeyName, BrokerKeyName, BrokerKeyName]> = [
  ...(["consumer", "share", "streams"] as const).flatMap((kind) =>
    (["assignment.interval.ms", "heartbeat.interval.ms", "session.timeout.ms"] as const).map(
      (what) => [`group.${kind}.min.${what}`, `group.${kind}.${what}`, `group.${kind}.max.${what}`] as const
    )
  ),
  ...(["delivery.count.limit", "record.lock.duration.ms", "partition.max.record.locks"] as const).map(
    (what) => [`group.share.min.${what}`, `group.share.${what}`, `group.share.max.${what}`] as const
  )
]

const atMost = (values: BrokerValues, left: BrokerKeyName, right: BrokerKeyName, strict: boolean, reason: string) => ({
  holds: strict ? Number(values[left]) < Number(values[right]) : Number(values[left]) <= Number(values[right]),
  names: [left, right],
  reason
})

const groupRules = (values: BrokerValues): ReadonlyArray<Rule> => [
  ...LIMITS.flatMap(([min, usual, max]) => [
    atMost(values, min, max, false, `${max} must be greater than or equal to ${min}`),
    atMost(values, min, usual, false, `${usual} must be greater than or equal to ${min}`),
    atMost(values, usual, max, false, `${usual} must be less than or equal to ${max}`)
  ]),
  ...(["consumer", "share", "streams"] as const).map((kind) => {
    const heartbeat = `group.${kind}.heartbeat.interval.ms` as const
    const session = `group.${kind}.session.timeout.ms` as const
    return atMost(values, heartbeat, session, true, `${heartbeat} must be less than ${session}`)
  }),
  {
    holds: values["group.coordinator.rebalance.protocols"].includes("classic"),
    names: ["group.coordinator.rebalance.protocols"],
    reason: "Disabling the 'classic' protocol is not supported."
  }
]

const quorumRules = (values: BrokerValues, endpoints: Endpoints): ReadonlyArray<Rule> => {
  const voterIds = parseVoters(values["controller.quorum.voters"]).map((voter) => voter.id)
  const nodeId = values["node.id"]
  const { broker, controller } = Derived.roles(values)
  const names = endpoints.controllerListenerNames
  const listening = endpoints.listeners.map((each) => each.name)
  const voters: ReadonlyArray<BrokerKeyName> = ["process.roles", "node.id", "controller.quorum.voters"]
  const listeners: ReadonlyArray<BrokerKeyName> = ["controller.listener.names", "listeners"]
  return [
    {
      holds: voterIds.length > 0 || values["controller.quorum.bootstrap.servers"].length > 0,
      names: ["process.roles", "controller.quorum.bootstrap.servers", "controller.quorum.voters"],
      reason:
        "If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap controllers " +
        "or controller.quorum.voters must contain a parseable set of controllers."
    },
    {
      holds: !controller || voterIds.length === 0 || voterIds.includes(nodeId),
      names: voters,
      reason:
        `If process.roles contains the 'controller' role, the node id ${nodeId} must be included in the set of voters ` +
        `controller.quorum.voters=${voterIds.join(",")}`
    },
    {
      holds: controller || !voterIds.includes(nodeId),
      names: voters,
      reason:
        `If process.roles contains just the 'broker' role, the node id ${nodeId} must not be included in the set of voters ` +
        `controller.quorum.voters=${voterIds.join(",")}`
    },
    {
      holds: !controller || names.every((name) => listening.includes(name)),
      names: listeners,
      reason:
        "controller.listener.names must only contain values appearing in the 'listeners' configuration when running the " +
        "KRaft controller role"
    },
    {
      holds: controller || !names.some((name) => listening.includes(name)),
      names: listeners,
      reason:
        "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft " +
        "with just the broker role"
    },
    {
      holds: broker || listening.every((name) => names.includes(name)),
      names: listeners,
      reason:
        "The listeners config must only contain KRaft controller listeners from controller.listener.names when " +
        "process.roles=controller"
    },
    {
      holds: names.every((name) => endpoints.protocols.has(name)),
      names: ["controller.listener.names", "listener.security.protocol.map"],
      reason: `Controller listener with name ${names.find((name) => !endpoints.protocols.has(name))} defined in controller.listener.names not found in listener.security.protocol.map`
    }
  ]
}

const advertisedRules = (values: BrokerValues, endpoints: Endpoints): ReadonlyArray<Rule> => {
  const advertised = endpoints.advertised.map((each) => each.name)
  const listening = endpoints.listeners.map((each) => each.name)
  const isBroker = Derived.roles(values).broker
  const name = endpoints.interBrokerListenerName
  const mechanism = values["sasl.mechanism.inter.broker.protocol"]
  const usesSasl = endpoints.protocols.get(name)?.startsWith("SASL") === true
  return [
    {
      holds: !isBroker || advertised.length > 0,
      names: ["advertised.listeners", "listeners", "controller.listener.names"],
      reason:
        "There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?"
    },
    {
      holds: !isBroker || advertised.length === 0 || advertised.includes(name),
      names: ["inter.broker.listener.name", "security.inter.broker.protocol", "advertised.listeners", "listeners"],
      reason:
        "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on " +
        `currently configured listeners are ${advertised.join(",")}`
    },
    {
      holds: !isBroker || advertised.every((each) => listening.includes(each)),
      names: ["advertised.listeners", "listeners"],
      reason:
        "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found " +
        `${advertised.join(",")}. The valid options based on the current configuration are ${listening.join(",")}`
    },
    {
      holds: [...endpoints.advertised, ...endpoints.advertisedController].every((each) => each.host !== "0.0.0.0"),
      names: ["advertised.listeners", "listeners"],
      reason: "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address."
    },
    {
      holds: !isBroker || !usesSasl || values["sasl.enabled.mechanisms"].includes(mechanism),
      names: ["sasl.mechanism.inter.broker.protocol", "sasl.enabled.mechanisms"],
      reason:
        "sasl.mechanism.inter.broker.protocol must be included in sasl.enabled.mechanisms when SASL is used for " +
        "inter-broker communication"
    }
  ]
}

/** The keys that describe listeners: what to name when they cannot be read together. */
const LISTENER_KEYS: ReadonlyArray<BrokerKeyName> = [
  "listeners",
  "advertised.listeners",
  "listener.security.protocol.map",
  "inter.broker.listener.name",
  "security.inter.broker.protocol"
]

/** The listeners, or every broken rule. `isSet` tells whether a static layer set a key. */
export const validate = (
  values: BrokerValues,
  isSet: (name: string) => boolean
): Result.Result<Endpoints, ReadonlyArray<Conflict>> => {
  const endpoints = endpointsOf(values, isSet)
  const nodeId: Rule = {
    holds: !isSet("broker.id") || values["broker.id"] === values["node.id"],
    names: ["node.id", "broker.id"],
    reason: "You must set `node.id` to the same value as `broker.id`."
  }
  const rules = [
    nodeId,
    ...logRules(values),
    ...networkRules(values),
    ...replicationRules(values),
    ...groupRules(values)
  ]
  if (Result.isFailure(endpoints)) {
    return Result.fail([{ names: LISTENER_KEYS, reason: endpoints.failure }, ...conflicts(rules)])
  }
  const broken = conflicts([
    ...rules,
    ...quorumRules(values, endpoints.success),
    ...advertisedRules(values, endpoints.success)
  ])
  return broken.length === 0 ? Result.succeed(endpoints.success) : Result.fail(broken)
}
