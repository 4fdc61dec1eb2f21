/**
 * Registered brokers: state, replay and queries. Invariant: a broker's epoch is the offset of the record that registered it, so
 * a message from an earlier life of a broker is recognised; a fenced broker leads nothing.
 */
import type { BrokerRegistrationChangeRecord, RegisterBrokerRecord } from "@klamm/protocol/records/metadata/Brokers"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

export interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number
}

export interface Broker {
  readonly id: number
  /** New with each start of the process. */
  readonly incarnationId: string
  readonly epoch: number
  readonly endpoints: ReadonlyArray<Endpoint>
  readonly features: RegisterBrokerRecord["features"]
  readonly rack: string | null
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly logDirs: ReadonlyArray<string>
}

export type Brokers = HashMap.HashMap<number, Broker>

export const empty: Brokers = HashMap.empty()

export const get = (brokers: Brokers, id: number): Broker | undefined => Option.getOrUndefined(HashMap.get(brokers, id))

/** Directory ids that stand for none in particular (KIP-858): chosen long ago and not yet told; the broker chooses; a lost one. */
const migratingDirectory = "AAAAAAAAAAAAAAAAAAAAAA"
export const unassignedDirectory = "AAAAAAAAAAAAAAAAAAAAAQ"
const lostDirectory = "AAAAAAAAAAAAAAAAAAAAAg"
export const reservedDirectories: ReadonlySet<string> = new Set([
  migratingDirectory,
  unassignedDirectory,
  lostDirectory
])

/** Whether a replica in that directory of the broker is in one that works, as far as is known (Kafka: BrokerRegistration.hasOnlineDir). */
export const hasOnline = ({ logDirs }: Pick<Broker, "logDirs">, directory: string): boolean => {
  if (reservedDirectories.has(directory)) return directory !== lostDirectory
  return logDirs.length === 0 || logDirs.includes(directory)
}

/** By rising id. */
export const all = (brokers: Brokers): ReadonlyArray<Broker> =>
  [...HashMap.values(brokers)].sort((one, other) => one.id - other.id)

export const replayRegister = (brokers: Brokers, record: RegisterBrokerRecord): Brokers =>
  HashMap.set(brokers, record.brokerId, {
    id: record.brokerId,
    incarnationId: record.incarnationId,
    epoch: record.brokerEpoch,
    endpoints: record.endPoints,
    features: record.features,
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    logDirs: record.logDirs
  })

export const replayUnregister = (brokers: Brokers, id: number): Brokers => HashMap.remove(brokers, id)

const update = (brokers: Brokers, id: number, change: Partial<Broker>): Brokers => {
  const broker = get(brokers, id)
  if (broker === undefined) throw new Error(`a record names broker ${id}, which is not registered`)
  return HashMap.set(brokers, id, { ...broker, ...change })
}

export const replayFenced = (brokers: Brokers, id: number, fenced: boolean): Brokers => update(brokers, id, { fenced })

/** Tri-state fields: -1 for no, 1 for yes, 0 for as it was. */
const flag = (value: number, before: boolean): boolean => (value === 0 ? before : value > 0)

export const replayRegistrationChange = (brokers: Brokers, record: BrokerRegistrationChangeRecord): Brokers => {
  const before = get(brokers, record.brokerId)
  return update(brokers, record.brokerId, {
    // A field's 1 says fenced, its -1 unfenced.
    fenced: flag(record.fenced, before?.fenced ?? true),
    inControlledShutdown: flag(record.inControlledShutdown, before?.inControlledShutdown ?? false),
    ...(record.logDirs.length === 0 ? {} : { logDirs: record.logDirs })
  })
}
