/** Whether a broker speaks under its current registration: what comes from an earlier life of it counts for nothing. */
import { Brokers } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure } from "./Answer.ts"
import type { ControllerState } from "./State.ts"

export const checkBrokerEpoch = (
  state: ControllerState,
  brokerId: number,
  brokerEpoch: number
): Failure | undefined => {
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined) {
    return failure(ErrorCode.STALE_BROKER_EPOCH, `No broker registration found for broker id ${brokerId}`)
  }
  if (broker.epoch === brokerEpoch) return undefined
  return failure(
    ErrorCode.STALE_BROKER_EPOCH,
    `Expected broker epoch ${broker.epoch} for broker ${brokerId}, but got broker epoch ${brokerEpoch}`
  )
}
