/**
 * Heartbeats of brokers (KIP-631, behaviours 181, 182; Kafka's BrokerHeartbeatManager): what a broker asks to be, and what it may be
 * next.
 *
 * Invariants: a broker is fenced until it has caught up with its own registration and asks to be unfenced. One that leaves gives up its
 * leaderships at once, but stays unfenced and serves until every other broker has heard of it; one that has been let go stays gone
 * until it registers anew, whatever heartbeat of it is still on its way.
 */
import { Brokers, type MetadataRecordInput, PartitionIndex, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, ok } from "./Answer.ts"
import { checkBrokerEpoch } from "./BrokerEpoch.ts"
import { regained, withdrawn } from "./Leaderships.ts"
import { fenceRecord, touched } from "./Sessions.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface Heartbeat {
  readonly _tag: "Heartbeat"
  readonly brokerId: number
  readonly brokerEpoch: number
  /** The offset of the metadata log that the broker has reached. */
  readonly currentMetadataOffset: number
  readonly wantFence: boolean
  readonly wantShutDown: boolean
  /** Log directories that have failed (KIP-858). */
  readonly offlineLogDirs: ReadonlyArray<string>
}

export interface HeartbeatAnswer extends Failure {
  readonly isCaughtUp: boolean
  readonly isFenced: boolean
  readonly shouldShutDown: boolean
}

/** What a broker is, or is to be: `gone` is fenced and told to shut down. */
type Standing = "fenced" | "unfenced" | "leaving" | "gone"

const standingOf = ({ fenced, inControlledShutdown }: Brokers.Broker): Standing => {
  if (inControlledShutdown) return fenced ? "gone" : "leaving"
  return fenced ? "fenced" : "unfenced"
}

const othersInUse = (state: ControllerState, brokerId: number): ReadonlyArray<Brokers.Broker> =>
  Brokers.all(state.image.brokers).filter(
    ({ id, fenced, inControlledShutdown }) => id !== brokerId && !fenced && !inControlledShutdown
  )

/** Whether every other broker has followed the metadata to where this one's leaderships went. */
const isKnownGone = (state: ControllerState, brokerId: number): boolean => {
  const shutdownOffset = state.contacts.get(brokerId)?.shutdownOffset
  if (shutdownOffset === undefined) return true
  return othersInUse(state, brokerId).every(
    ({ id }) => (state.contacts.get(id)?.metadataOffset ?? -1) >= shutdownOffset
  )
}

const next = (state: ControllerState, broker: Brokers.Broker, command: Heartbeat, isCaughtUp: boolean): Standing => {
  const { wantFence, wantShutDown } = command
  const leads = () => Topics.hasPartitionsOf(state.image.topics, PartitionIndex.ledBy(broker.id))
  const standing = standingOf(broker)
  switch (standing) {
    case "fenced":
      if (wantShutDown) return "gone"
      return wantFence || !isCaughtUp ? "fenced" : "unfenced"
    case "unfenced":
      if (wantFence) return wantShutDown ? "gone" : "fenced"
      if (!wantShutDown) return "unfenced"
      // Where there is nobody else, there is nobody to wait for.
      return leads() && othersInUse(state, broker.id).length > 0 ? "leaving" : "gone"
    case "leaving":
      return leads() || !isKnownGone(state, broker.id) ? "leaving" : "gone"
    case "gone":
      return "gone"
  }
}

const recordsOf = (
  state: ControllerState,
  settings: Settings,
  broker: Brokers.Broker,
  to: Standing
): ReadonlyArray<MetadataRecordInput> => {
  if (to === standingOf(broker)) return []
  const change = { _tag: "BrokerRegistrationChange", brokerId: broker.id, brokerEpoch: broker.epoch } as const
  const given = () => withdrawn(state, settings, new Set([broker.id]))
  switch (to) {
    case "unfenced":
      return [{ ...change, fenced: -1 }, ...regained(state, settings, broker.id)]
    case "leaving":
      return [{ ...change, inControlledShutdown: 1 }, ...given()]
    case "gone":
      return [...given(), { ...change, fenced: 1, inControlledShutdown: 1 }]
    case "fenced":
      return [...given(), fenceRecord(broker)]
  }
}

/** A failed directory's replicas leave the ISRs, and lead no more. */
const withoutDirectories = (
  state: ControllerState,
  settings: Settings,
  broker: Brokers.Broker,
  failed: ReadonlySet<string>
): ReadonlyArray<MetadataRecordInput> => {
  const isThere = (partition: Topics.Partition): boolean => failed.has(Topics.directoryOf(partition, broker.id) ?? "")
  return [
    ...withdrawn(state, settings, new Set([broker.id]), ({ partition }) => isThere(partition)),
    {
      _tag: "BrokerRegistrationChange",
      brokerId: broker.id,
      brokerEpoch: broker.epoch,
      logDirs: broker.logDirs.filter((directory) => !failed.has(directory))
    }
  ]
}

/** What the broker is from now on, and what makes it so. */
const moved = (
  state: ControllerState,
  settings: Settings,
  broker: Brokers.Broker,
  command: Heartbeat,
  isCaughtUp: boolean
): { readonly to: Standing; readonly records: ReadonlyArray<MetadataRecordInput> } => {
  const standing = standingOf(broker)
  const to = next(state, broker, command, isCaughtUp)
  const failed = new Set(command.offlineLogDirs.filter((directory) => broker.logDirs.includes(directory)))
  // A broker that stays, or comes, first loses what has failed, or it would lead there; it comes with the next heartbeat.
  const stays = standing !== "gone" && (to === standing || to === "unfenced")
  if (failed.size > 0 && stays) return { to: standing, records: withoutDirectories(state, settings, broker, failed) }
  return { to, records: recordsOf(state, settings, broker, to) }
}

export const heartbeat = (
  state: ControllerState,
  settings: Settings,
  command: Heartbeat,
  now: number,
  nextOffset: number
) => {
  const { brokerId, currentMetadataOffset } = command
  const stale = checkBrokerEpoch(state, brokerId, command.brokerEpoch)
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (stale !== undefined || broker === undefined) {
    const errorCode = ErrorCode.STALE_BROKER_EPOCH
    const message = stale?.message ?? null
    return { records: [], reply: { errorCode, message, isCaughtUp: false, isFenced: true, shouldShutDown: false } }
  }
  const isCaughtUp = currentMetadataOffset >= broker.epoch
  const { to, records } = moved(state, settings, broker, command, isCaughtUp)
  const begins = to === "leaving" && standingOf(broker) !== "leaving"
  const note = (noted: ControllerState) => {
    const earlier = to === "leaving" ? noted.contacts.get(brokerId)?.shutdownOffset : undefined
    const shutdownOffset = begins ? nextOffset + records.length - 1 : earlier
    return touched(noted, brokerId, { at: now, metadataOffset: currentMetadataOffset, shutdownOffset })
  }
  const isFenced = to === "fenced" || to === "gone"
  return {
    records,
    reply: { ...ok, isCaughtUp, isFenced, shouldShutDown: to === "gone" },
    note
  }
}
