/**
 * Why a call to another node has no answer. Invariant: only `Refused` says something of the other node: nobody listens there, so its
 * process is gone; after the others the request may or may not have been carried out.
 */
import type { NetworkError } from "@klamm/platform/Network"
import * as Data from "effect/Data"

/**
 * `Refused`: nobody listens at the address. `Disconnected`: the connection ended, or could not be made, before the answer was there.
 * `TimedOut`: no answer within the time given. `Malformed`: an answer that can't be read.
 */
export type ChannelErrorReason = "Refused" | "Disconnected" | "TimedOut" | "Malformed"

export class ChannelError extends Data.TaggedError("ChannelError")<{
  readonly reason: ChannelErrorReason
  readonly address: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.address}: ${this.reason}`
  }
}

export const ofNetwork = (error: NetworkError): ChannelError => {
  const { address } = error
  const reason = error.reason === "Refused" ? "Refused" : error.reason === "Timeout" ? "TimedOut" : "Disconnected"
  return new ChannelError({ reason, address, cause: error })
}
