/**
 * Brokers of the cluster: registration, heartbeats, fencing, controlled shutdown (KIP-631; behaviours 182, 183).
 *
 * Invariants: a broker is fenced until it has caught up with the metadata and asks to be unfenced; a broker silent for longer
 * than its session is fenced; a message from an earlier registration is refused. A fenced or leaving broker leads nothing.
 */
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import type { ControllerState } from "./State.ts"

export interface RegisterBroker {
  readonly _tag: "RegisterBroker"
  readonly brokerId: number
  /** The end of the metadata log at the time: with it epochs rise with the log, as Kafka's do. */
  readonly logEndOffset: number
  readonly clusterId: string
  readonly incarnationId: string
  readonly endpoints: ReadonlyArray<Brokers.Endpoint>
  readonly features: Brokers.Broker["features"]
  readonly rack: string | null
  readonly logDirs: ReadonlyArray<string>
}

export interface Heartbeat {
  readonly _tag: "Heartbeat"
  readonly brokerId: number
  readonly brokerEpoch: number
  /** The offset of the metadata log that the broker has reached. */
  readonly currentMetadataOffset: number
  readonly wantFence: boolean
  readonly wantShutDown: boolean
}

export interface Registered extends Failure {
  readonly brokerEpoch: number
}

export interface HeartbeatAnswer extends Failure {
  readonly isCaughtUp: boolean
  readonly isFenced: boolean
  readonly shouldShutDown: boolean
}

const touched = (state: ControllerState, brokerId: number, now: number): ControllerState => {
  const unheard = new Set(state.unheard)
  unheard.delete(brokerId)
  return { ...state, unheard, contacts: new Map(state.contacts).set(brokerId, now) }
}

/** A session from now for a broker that a new leader has not heard of yet. */
const awaited = (state: ControllerState, brokerId: number, now: number): ControllerState => ({
  ...state,
  contacts: new Map(state.contacts).set(brokerId, now),
  unheard: new Set(state.unheard).add(brokerId)
})

export const register = (
  state: ControllerState,
  command: RegisterBroker,
  clusterId: string,
  sessionTimeoutMs: number,
  now: number
) => {
  const refuse = (errorCode: number, message: string) => ({
    records: [],
    reply: { ...failure(errorCode, message), brokerEpoch: -1 }
  })
  if (command.clusterId !== clusterId) {
    return refuse(
      ErrorCode.INCONSISTENT_CLUSTER_ID,
      `Expected cluster ID ${clusterId}, but got cluster ID ${command.clusterId}`
    )
  }
  const known = Brokers.get(state.image.brokers, command.brokerId)
  const lastContact = state.contacts.get(command.brokerId)
  const alive =
    known !== undefined &&
    !known.fenced &&
    lastContact !== undefined &&
    now < lastContact + sessionTimeoutMs &&
    // After a crash of the whole node its broker is back before its old life's session is over.
    !state.unheard.has(command.brokerId)
  if (alive && known.incarnationId !== command.incarnationId) {
    return refuse(
      ErrorCode.DUPLICATE_BROKER_REGISTRATION,
      "Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve once the heartbeat manager expires the broker's session."
    )
  }
  const unsupported = unsupportedFeature(state, command)
  if (unsupported !== undefined) return refuse(ErrorCode.UNSUPPORTED_VERSION, unsupported)
  const brokerEpoch = Math.max(command.logEndOffset, (known?.epoch ?? -1) + 1)
  const record: MetadataRecordInput = {
    _tag: "RegisterBroker",
    brokerId: command.brokerId,
    incarnationId: command.incarnationId,
    brokerEpoch,
    endPoints: command.endpoints,
    features: command.features,
    rack: command.rack,
    fenced: true,
    inControlledShutdown: false,
    logDirs: command.logDirs
  }
  return {
    records: [...withdrawn(state, new Set([command.brokerId])), record],
    reply: { ...ok, brokerEpoch },
    note: (before: ControllerState) => touched(before, command.brokerId, now)
  }
}

/** The finalized level that the broker does not support, in a sentence (KIP-584). What it does not name it has at 0 only. */
const unsupportedFeature = (state: ControllerState, { features }: RegisterBroker): string | undefined => {
  for (const [name, level] of state.image.features) {
    const range = features.find((feature) => feature.name === name)
    const min = range?.minSupportedVersion ?? 0
    const max = range?.maxSupportedVersion ?? 0
    if (level >= min && level <= max) continue
    return (
      `Unable to register because the broker does not support finalized version ${level} of ${name}. ` +
      `The broker wants a version between ${min} and ${max}, inclusive.`
    )
  }
  return undefined
}

/**
 * Brokers that go, all at once, leave the ISRs of their partitions, and what they led gets another leader from the ISR, or none. An
 * ISR that would be empty stays as it is: its members alone have all that was committed.
 */
const withdrawn = (state: ControllerState, leaving: ReadonlySet<number>): ReadonlyArray<MetadataRecordInput> =>
  Topics.all(state.image.topics).flatMap((topic) =>
    topic.partitions.flatMap((partition): ReadonlyArray<MetadataRecordInput> => {
      const staying = partition.isr.filter((id) => !leaving.has(id))
      const isr = staying.length === 0 || staying.length === partition.isr.length ? null : staying
      const change = { _tag: "PartitionChange", topicId: topic.id, partitionId: partition.index, isr } as const
      if (!leaving.has(partition.leader)) return isr === null ? [] : [change]
      const leads = (id: number) => staying.includes(id) && Brokers.get(state.image.brokers, id)?.fenced === false
      return [{ ...change, leader: partition.replicas.find(leads) ?? -1 }]
    })
  )

/** Partitions without a leader whose ISR the broker is in are led by it again. */
const regainedLeaders = (state: ControllerState, brokerId: number): ReadonlyArray<MetadataRecordInput> =>
  Topics.all(state.image.topics).flatMap((topic) =>
    topic.partitions.flatMap(
      (partition): ReadonlyArray<MetadataRecordInput> =>
        partition.leader === -1 && partition.isr.includes(brokerId)
          ? [{ _tag: "PartitionChange", topicId: topic.id, partitionId: partition.index, leader: brokerId }]
          : []
    )
  )

export const heartbeat = (state: ControllerState, command: Heartbeat, now: number) => {
  const { brokerId, brokerEpoch } = command
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined || broker.epoch !== brokerEpoch) {
    const stale = failure(ErrorCode.STALE_BROKER_EPOCH)
    return { records: [], reply: { ...stale, isCaughtUp: false, isFenced: true, shouldShutDown: false } }
  }
  const note = (before: ControllerState) => touched(before, brokerId, now)
  const isCaughtUp = command.currentMetadataOffset >= broker.epoch
  if (command.wantShutDown) {
    const leads = withdrawn(state, new Set([brokerId]))
    const leaving: MetadataRecordInput = {
      _tag: "BrokerRegistrationChange",
      brokerId,
      brokerEpoch,
      fenced: 1,
      inControlledShutdown: 1
    }
    const records = broker.inControlledShutdown ? [] : [...leads, leaving]
    return { records, reply: { ...ok, isCaughtUp, isFenced: true, shouldShutDown: true }, note }
  }
  // Who has said that it goes stays gone until it registers anew, whatever heartbeat of it is still on its way.
  if (broker.inControlledShutdown) {
    return { records: [], reply: { ...ok, isCaughtUp, isFenced: true, shouldShutDown: true }, note }
  }
  if (command.wantFence && !broker.fenced) {
    const fence: MetadataRecordInput = { _tag: "BrokerRegistrationChange", brokerId, brokerEpoch, fenced: 1 }
    const records = [...withdrawn(state, new Set([brokerId])), fence]
    return { records, reply: { ...ok, isCaughtUp, isFenced: true, shouldShutDown: false }, note }
  }
  if (!command.wantFence && broker.fenced && isCaughtUp) {
    const unfence: MetadataRecordInput = { _tag: "BrokerRegistrationChange", brokerId, brokerEpoch, fenced: -1 }
    const records = [unfence, ...regainedLeaders(state, brokerId)]
    return { records, reply: { ...ok, isCaughtUp, isFenced: false, shouldShutDown: false }, note }
  }
  return { records: [], reply: { ...ok, isCaughtUp, isFenced: broker.fenced, shouldShutDown: false }, note }
}

/** When the first session of an unfenced broker ends, in milliseconds; at once while one has not been heard of. */
export const nextSessionEnd = (state: ControllerState, sessionTimeoutMs: number): number => {
  let end = Number.POSITIVE_INFINITY
  for (const broker of Brokers.all(state.image.brokers)) {
    if (broker.fenced) continue
    const contact = state.contacts.get(broker.id)
    end = Math.min(end, contact === undefined ? Number.NEGATIVE_INFINITY : contact + sessionTimeoutMs)
  }
  return end
}

/** Fences the brokers whose session has ended, and gives those not heard of yet a session from now. */
export const expire = (state: ControllerState, sessionTimeoutMs: number, now: number) => {
  const unfenced = Brokers.all(state.image.brokers).filter((broker) => !broker.fenced)
  const unheard = unfenced.filter((broker) => !state.contacts.has(broker.id))
  const silent = unfenced.filter((broker) => (state.contacts.get(broker.id) ?? now) + sessionTimeoutMs <= now)
  const records = [
    ...withdrawn(state, new Set(silent.map((broker) => broker.id))),
    ...silent.map((broker): MetadataRecordInput => ({ _tag: "FenceBroker", id: broker.id, epoch: broker.epoch }))
  ]
  const note = (before: ControllerState) => unheard.reduce((noted, broker) => awaited(noted, broker.id, now), before)
  return { records, reply: ok, note }
}
