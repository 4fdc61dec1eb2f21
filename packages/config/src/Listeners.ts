/**
 * Listener names, addresses and security protocols, read from the keys that describe them together: listeners,
 * advertised.listeners, listener.security.protocol.map, controller.listener.names and the inter-broker keys; and the
 * voters of the quorum. Invariant: an `Endpoints` value names a protocol for each of its listeners. Neighbours:
 * Startup.ts (rules between these and other keys), BrokerConfig.ts (which keeps the result).
 */
import * as Result from "effect/Result"
import type { BrokerValues } from "./BrokerTable.ts"

export type SecurityProtocol = "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL"

export interface Endpoint {
  /** In upper case, as Kafka normalises it. */
  readonly name: string
  /** Empty means every interface when listening, and this machine's own name when advertised. */
  readonly host: string
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number
  readonly protocol: SecurityProtocol
}

export interface Endpoints {
  /** What the node listens on, in the order given. */
  readonly listeners: ReadonlyArray<Endpoint>
  /** Told to clients and other brokers: no controller listeners among them. */
  readonly advertised: ReadonlyArray<Endpoint>
  /** Told to nodes that look for controllers: empty unless this node is one. */
  readonly advertisedController: ReadonlyArray<Endpoint>
  readonly controllerListenerNames: ReadonlyArray<string>
  /** The listener brokers use among themselves. */
  readonly interBrokerListenerName: string
  readonly protocols: ReadonlyMap<string, SecurityProtocol>
}

export interface Voter {
  readonly id: number
  readonly host: string
  readonly port: number
}

const ENDPOINT = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/
const VOTER = /^([0-9]+)@\[?([^\]]+?)\]?:([0-9]+)$/
const PORT_MAX = 65_535

const isProtocol = (name: string): name is SecurityProtocol =>
  name === "PLAINTEXT" || name === "SSL" || name === "SASL_PLAINTEXT" || name === "SASL_SSL"

/** `NAME:PROTOCOL` pairs by listener name. Fails with the names of keys in its reason. */
const parseProtocolMap = (text: string): Result.Result<Map<string, SecurityProtocol>, string> => {
  const protocols = new Map<string, SecurityProtocol>()
  for (const pair of text.split(",").map((each) => each.trim())) {
    const split = pair.lastIndexOf(":")
    const protocol = pair
      .slice(split + 1)
      .trim()
      .toUpperCase()
    if (split === -1) return Result.fail(`Error parsing listener.security.protocol.map: "${pair}" is not NAME:PROTOCOL`)
    if (!isProtocol(protocol)) {
      return Result.fail(`Invalid security protocol \`${protocol}\` defined in listener.security.protocol.map`)
    }
    protocols.set(pair.slice(0, split).trim().toUpperCase(), protocol)
  }
  return Result.succeed(protocols)
}

/** The part of an address before `://`, in upper case. */
const listenerName = (address: string): string => address.slice(0, Math.max(0, address.indexOf("://"))).toUpperCase()

/**
 * Kafka's convenience for KRaft: as long as the map is not set and no TLS or SASL is in use, controller listeners need no
 * entry in it and are PLAINTEXT.
 */
const protocolsOf = (
  values: BrokerValues,
  isSet: (name: string) => boolean
): Result.Result<ReadonlyMap<string, SecurityProtocol>, string> => {
  const map = parseProtocolMap(values["listener.security.protocol.map"])
  if (Result.isFailure(map) || isSet("listener.security.protocol.map")) return map
  const controllers = values["controller.listener.names"].map((name) => name.toUpperCase())
  const names = [...controllers, ...values.listeners.map(listenerName)]
  const secure = names.some((name) => isProtocol(name) && name !== "PLAINTEXT")
  if (!secure) for (const name of controllers) map.success.set(name, "PLAINTEXT")
  return map
}

const parseEndpoint = (
  address: string,
  protocols: ReadonlyMap<string, SecurityProtocol>
): Result.Result<Endpoint, string> => {
  const [, name = "", host = "", port = ""] = ENDPOINT.exec(address) ?? []
  if (port === "" || name === "") return Result.fail(`Unable to parse ${address} to a broker endpoint`)
  if (Number(port) < 0 || Number(port) > PORT_MAX) return Result.fail(`Port ${port} of ${address} is out of range`)
  const protocol = protocols.get(name.toUpperCase())
  if (protocol === undefined) return Result.fail(`No security protocol defined for listener ${name.toUpperCase()}`)
  return Result.succeed({ name: name.toUpperCase(), host, port: Number(port), protocol })
}

/** One port may serve two listeners only when one is bound to an IPv4 and the other to an IPv6 address. */
const clashingPorts = (endpoints: ReadonlyArray<Endpoint>): boolean =>
  endpoints.some((one, index) =>
    endpoints
      .slice(index + 1)
      .some((other) => one.port !== 0 && one.port === other.port && one.host.includes(":") === other.host.includes(":"))
  )

const parseEndpoints = (
  key: string,
  addresses: ReadonlyArray<string>,
  protocols: ReadonlyMap<string, SecurityProtocol>
): Result.Result<ReadonlyArray<Endpoint>, string> => {
  const endpoints: Array<Endpoint> = []
  for (const address of addresses) {
    const endpoint = parseEndpoint(address, protocols)
    if (Result.isFailure(endpoint)) return Result.fail(`Error creating broker ${key}: ${endpoint.failure}`)
    endpoints.push(endpoint.success)
  }
  if (new Set(endpoints.map((each) => each.name)).size !== endpoints.length) {
    return Result.fail(`Each listener must have a different name, ${key}: ${addresses.join(",")}`)
  }
  if (key === "listeners" && clashingPorts(endpoints)) {
    return Result.fail(`Each listener must have a different port, ${key}: ${addresses.join(",")}`)
  }
  return Result.succeed(endpoints)
}

const interBrokerName = (
  values: BrokerValues,
  protocols: ReadonlyMap<string, SecurityProtocol>,
  isSet: (name: string) => boolean
): Result.Result<string, string> => {
  const name = values["inter.broker.listener.name"]
  if (name === null) return Result.succeed(values["security.inter.broker.protocol"])
  if (isSet("security.inter.broker.protocol")) {
    return Result.fail("Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.")
  }
  if (protocols.has(name.toUpperCase())) return Result.succeed(name.toUpperCase())
  return Result.fail(
    `Listener with name ${name.toUpperCase()} defined in inter.broker.listener.name not found in listener.security.protocol.map.`
  )
}

/** Controllers advertise what advertised.listeners says of them, else the address they listen on. */
const advertisedControllers = (
  names: ReadonlyArray<string>,
  advertised: ReadonlyArray<Endpoint>,
  listeners: ReadonlyArray<Endpoint>
): ReadonlyArray<Endpoint> =>
  names.flatMap((name) => {
    const endpoint = advertised.find((each) => each.name === name) ?? listeners.find((each) => each.name === name)
    return endpoint === undefined ? [] : [endpoint]
  })

/** Reads all keys that describe listeners. `isSet` tells whether a static layer set a key. */
export const endpointsOf = (values: BrokerValues, isSet: (name: string) => boolean): Result.Result<Endpoints, string> =>
  Result.gen(function* () {
    const protocols = yield* protocolsOf(values, isSet)
    const listeners = yield* parseEndpoints("listeners", values.listeners, protocols)
    const advertised = yield* parseEndpoints(
      "advertised.listeners",
      values["advertised.listeners"] ?? values.listeners,
      protocols
    )
    const controllerListenerNames = values["controller.listener.names"].map((name) => name.toUpperCase())
    return {
      listeners,
      advertised: advertised.filter((each) => !controllerListenerNames.includes(each.name)),
      advertisedController: advertisedControllers(controllerListenerNames, advertised, listeners),
      controllerListenerNames,
      interBrokerListenerName: yield* interBrokerName(values, protocols, isSet),
      protocols
    }
  })

/** The voters of controller.quorum.voters; the table's rule has checked their form. */
export const parseVoters = (entries: ReadonlyArray<string>): ReadonlyArray<Voter> =>
  entries.flatMap((entry) => {
    const [, id = "", host = "", port = ""] = VOTER.exec(entry) ?? []
    return id === "" ? [] : [{ id: Number(id), host, port: Number(port) }]
  })
