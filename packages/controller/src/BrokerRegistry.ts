/**
 * Brokers of the cluster: who may be one, and under which epoch (KIP-631, KIP-858, KIP-966; behaviour 183).
 *
 * Invariants: a broker id is one process at a time; a broker's epoch is the offset of the record that registered it, so that a
 * message from an earlier life is refused; a new life begins fenced and leads nothing. One whose last life did not end in good
 * order may have lost what it had, and is in no ISR and no ELR before it has caught up again.
 */

import { Brokers, type MetadataRecordInput } from "@klamm/metadata"
import { hasBug } from "@klamm/platform/Bugs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import * as Features from "./Features.ts"
import { lost, withdrawn } from "./Leaderships.ts"
import { isAlive, touched } from "./Sessions.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface RegisterBroker {
  readonly _tag: "RegisterBroker"
  readonly brokerId: number
  readonly clusterId: string
  readonly incarnationId: string
  readonly endpoints: ReadonlyArray<Brokers.Endpoint>
  readonly features: Brokers.Broker["features"]
  readonly rack: string | null
  readonly logDirs: ReadonlyArray<string>
  /** The epoch under which the broker last stopped in good order; -1 when it did not. */
  readonly previousBrokerEpoch: number
}

export interface Registered extends Failure {
  readonly brokerEpoch: number
}

const duplicate = failure(
  ErrorCode.DUPLICATE_BROKER_REGISTRATION,
  "Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve once the heartbeat manager expires the broker's session."
)

/** The finalized level that the broker does not support, in a sentence (KIP-584). What it does not name it has at 0 only. */
const unsupportedFeature = (state: ControllerState, { features }: RegisterBroker): Failure | undefined => {
  for (const [name, level] of state.image.features) {
    const range = features.find((feature) => feature.name === name)
    const min = range?.minSupportedVersion ?? 0
    const max = range?.maxSupportedVersion ?? 0
    if (level >= min && level <= max) continue
    return failure(
      ErrorCode.UNSUPPORTED_VERSION,
      `Unable to register because the broker does not support finalized version ${level} of ${name}. ` +
        `The broker wants a version between ${min} and ${max}, inclusive.`
    )
  }
  return undefined
}

const wrongDirectories = (state: ControllerState, { brokerId, logDirs }: RegisterBroker): Failure | undefined => {
  const invalid = (message: string): Failure => failure(ErrorCode.INVALID_REGISTRATION, message)
  if (logDirs.length === 0) return invalid("No directories specified in request")
  if (logDirs.some((directory) => Brokers.reservedDirectories.has(directory))) {
    return invalid("Reserved directory ID in request")
  }
  if (new Set(logDirs).size !== logDirs.length) return invalid("Duplicate directory ID in request")
  for (const { id, logDirs: others } of Brokers.all(state.image.brokers)) {
    const shared = id === brokerId ? undefined : logDirs.find((directory) => others.includes(directory))
    if (shared !== undefined) return invalid(`Broker ${id} is already registered with directory ${shared}`)
  }
  return undefined
}

const check = (
  state: ControllerState,
  command: RegisterBroker,
  known: Brokers.Broker | undefined,
  alive: boolean,
  clusterId: string
): Failure | undefined => {
  if (command.clusterId !== clusterId) {
    return failure(
      ErrorCode.INCONSISTENT_CLUSTER_ID,
      `Expected cluster ID ${clusterId}, but got cluster ID ${command.clusterId}`
    )
  }
  // One that is on its way out may be back before its farewell is complete.
  const isOther = known !== undefined && known.incarnationId !== command.incarnationId
  if (isOther && alive && !known.fenced && !known.inControlledShutdown) return duplicate
  return wrongDirectories(state, command) ?? unsupportedFeature(state, command)
}

/** What the broker's last life leaves behind. */
const cleared = (
  state: ControllerState,
  settings: Settings,
  command: RegisterBroker,
  known: Brokers.Broker | undefined
): ReadonlyArray<MetadataRecordInput> => {
  const wasClean = known?.epoch === command.previousBrokerEpoch || hasBug("lost-replica-stays-in-sync")
  return wasClean || !Features.isElrEnabled(state.image)
    ? withdrawn(state, settings, new Set([command.brokerId]))
    : lost(state, settings, command.brokerId)
}

export const register = (
  state: ControllerState,
  settings: Settings & { readonly clusterId: string; readonly sessionTimeoutMs: number },
  command: RegisterBroker,
  now: number,
  nextOffset: number
) => {
  const { brokerId, incarnationId } = command
  const known = Brokers.get(state.image.brokers, brokerId)
  const alive = isAlive(state, brokerId, settings.sessionTimeoutMs, now)
  const wrong = check(state, command, known, alive, settings.clusterId)
  if (wrong !== undefined) return { records: [], reply: { ...wrong, brokerEpoch: -1 } }
  // The same life says more of itself: it stays what it is.
  const amended = known?.incarnationId === incarnationId ? known : undefined
  const left = amended === undefined ? cleared(state, settings, command, known) : []
  const brokerEpoch = amended?.epoch ?? Math.max(nextOffset + left.length, (known?.epoch ?? -1) + 1)
  const record: MetadataRecordInput = {
    _tag: "RegisterBroker",
    brokerId,
    incarnationId,
    brokerEpoch,
    endPoints: command.endpoints,
    features: command.features,
    rack: command.rack,
    fenced: amended?.fenced ?? true,
    inControlledShutdown: amended?.inControlledShutdown ?? false,
    logDirs: command.logDirs
  }
  return {
    records: [...left, record],
    reply: { ...ok, brokerEpoch },
    note: (before: ControllerState) =>
      touched(before, brokerId, { at: now, metadataOffset: -1, shutdownOffset: undefined })
  }
}
