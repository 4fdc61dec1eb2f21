/**
 * Which brokers are alive (KIP-631, behaviour 182): one heard of within its session is, one silent for longer is fenced; so is one whose
 * process is known to be gone. A new leader of the quorum gives every broker a session from when it first looks.
 *
 * Invariant: a broker's partitions are moved before it is fenced. They may take several batches of the log; where only the first of
 * them commits, the broker is still unfenced, and the next leader finds it silent and goes on.
 */
import { Brokers, type MetadataRecordInput } from "@klamm/metadata"
import { type Failure, ok } from "./Answer.ts"
import { checkBrokerEpoch } from "./BrokerEpoch.ts"
import { withdrawn } from "./Leaderships.ts"
import type { Contact, ControllerState, Settings } from "./State.ts"

/** A broker's process is gone: nobody listens any more where it was reached. Its session need not be waited for. */
export interface BrokerLost {
  readonly _tag: "BrokerLost"
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** The broker was heard of. */
export const touched = (state: ControllerState, brokerId: number, contact: Contact): ControllerState => {
  const unheard = new Set(state.unheard)
  unheard.delete(brokerId)
  return { ...state, unheard, contacts: new Map(state.contacts).set(brokerId, contact) }
}

/** A session from now for a broker that a new leader has not heard of yet. */
const awaited = (state: ControllerState, brokerId: number, now: number): ControllerState => ({
  ...state,
  contacts: new Map(state.contacts).set(brokerId, { at: now, metadataOffset: -1, shutdownOffset: undefined }),
  unheard: new Set(state.unheard).add(brokerId)
})

/** Whether the broker's session goes on. Of one that is only awaited nobody knows. */
export const isAlive = (state: ControllerState, brokerId: number, sessionTimeoutMs: number, now: number): boolean => {
  const contact = state.contacts.get(brokerId)
  return contact !== undefined && now < contact.at + sessionTimeoutMs && !state.unheard.has(brokerId)
}

/** When the first session of an unfenced broker ends, in milliseconds; at once while one has not been heard of. */
export const nextSessionEnd = (state: ControllerState, sessionTimeoutMs: number): number => {
  let end = Number.POSITIVE_INFINITY
  for (const broker of Brokers.all(state.image.brokers)) {
    if (broker.fenced) continue
    const contact = state.contacts.get(broker.id)
    end = Math.min(end, contact === undefined ? Number.NEGATIVE_INFINITY : contact.at + sessionTimeoutMs)
  }
  return end
}

export const fenceRecord = ({ id, epoch }: Brokers.Broker): MetadataRecordInput => ({
  _tag: "BrokerRegistrationChange",
  brokerId: id,
  brokerEpoch: epoch,
  fenced: 1
})

/** Fences brokers that are gone together: none of them leads in place of another. */
const fenced = (
  state: ControllerState,
  settings: Settings,
  gone: ReadonlyArray<Brokers.Broker>
): ReadonlyArray<MetadataRecordInput> => [
  ...withdrawn(state, settings, new Set(gone.map(({ id }) => id))),
  ...gone.map(fenceRecord)
]

/** Fences the brokers whose session has ended, and gives those not heard of yet a session from now. */
export const expire = (state: ControllerState, settings: Settings, sessionTimeoutMs: number, now: number) => {
  const unfenced = Brokers.all(state.image.brokers).filter((broker) => !broker.fenced)
  const unheard = unfenced.filter(({ id }) => !state.contacts.has(id))
  const silent = unfenced.filter(({ id }) => (state.contacts.get(id)?.at ?? now) + sessionTimeoutMs <= now)
  const note = (before: ControllerState) => unheard.reduce((noted, broker) => awaited(noted, broker.id, now), before)
  return { records: fenced(state, settings, silent), reply: ok, note }
}

export const loseBroker = (
  state: ControllerState,
  settings: Settings,
  { brokerId, brokerEpoch }: BrokerLost
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: Failure } => {
  const stale = checkBrokerEpoch(state, brokerId, brokerEpoch)
  if (stale !== undefined) return { records: [], reply: stale }
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined || broker.fenced) return { records: [], reply: ok }
  return { records: fenced(state, settings, [broker]), reply: ok }
}
