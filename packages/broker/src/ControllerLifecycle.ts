/**
 * This controller makes itself known (KIP-919): it registers with whoever leads the quorum, so that every node's image says where it is
 * reached and what it supports. Invariant: one that the finalized features leave behind does not run on.
 */
import { Features, type RegisterController } from "@klamm/controller"
import * as Entropy from "@klamm/platform/Entropy"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { BoundListener } from "./Broker.ts"
import { RegistrationRefused } from "./BrokerLifecycle.ts"
import type { ControllerClient } from "./ControllerClient.ts"

/** How long to wait before asking again while nobody answers, in milliseconds. */
const retryMs = 1_000

/** Kafka's SecurityProtocol id. */
const plaintext = 0

export const supportedFeatures = Features.supported.map(({ name, minVersion, maxVersion }) => ({
  name,
  minSupportedVersion: minVersion,
  maxSupportedVersion: maxVersion
}))

const registration = (nodeId: number, incarnationId: string, listeners: ReadonlyArray<BoundListener>) => {
  const endpoints = listeners.map(({ name, address }) => ({ name, ...address, securityProtocol: plaintext }))
  const command: RegisterController = {
    _tag: "RegisterController",
    controllerId: nodeId,
    incarnationId,
    endpoints,
    features: supportedFeatures
  }
  return command
}

/** Ends once it is registered. */
export const register = (
  nodeId: number,
  listeners: ReadonlyArray<BoundListener>,
  controller: ControllerClient
): Effect.Effect<void, RegistrationRefused> =>
  Effect.gen(function* () {
    const command = registration(nodeId, yield* Entropy.uuid, listeners)
    while (true) {
      const answer = yield* controller.ask(command)
      if (answer?.errorCode === ErrorCode.NONE) return
      if (answer?.errorCode === ErrorCode.UNSUPPORTED_VERSION) {
        const detail = answer.message ?? "this controller does not support the features of the cluster"
        return yield* Effect.fail(new RegistrationRefused({ errorCode: answer.errorCode, detail }))
      }
      yield* Effect.sleep(retryMs)
    }
  })
