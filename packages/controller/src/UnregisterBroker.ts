/**
 * Forgetting a broker that is not coming back (KIP-631): its partitions go on without it, and it is in no ELR any more: under the same
 * id another may come, with nothing of what this one had.
 */
import { Brokers, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { lost } from "./Leaderships.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface UnregisterBroker {
  readonly _tag: "UnregisterBroker"
  readonly brokerId: number
}

export const unregisterBroker = (
  state: ControllerState,
  settings: Settings,
  { brokerId }: UnregisterBroker
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: Failure } => {
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined) {
    const message = `Broker ID ${brokerId} is not currently registered`
    return { records: [], reply: failure(ErrorCode.BROKER_ID_NOT_REGISTERED, message) }
  }
  const unregister: MetadataRecordInput = { _tag: "UnregisterBroker", brokerId, brokerEpoch: broker.epoch }
  return { records: [...lost(state, settings, brokerId), unregister], reply: ok }
}
