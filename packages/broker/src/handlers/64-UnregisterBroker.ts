/**
 * UnregisterBroker (key 64): the controller forgets a broker that is not coming back.
 */
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from "@klamm/protocol/api/64-UnregisterBroker"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

export const unregisterBroker = (services: ControlServices): Handler =>
  handler(UnregisterBrokerRequest, UnregisterBrokerResponse, ({ brokerId }) =>
    Effect.map(services.controller.ask({ _tag: "UnregisterBroker", brokerId }), (answer) => ({
      throttleTimeMs: 0,
      errorCode: answer === undefined ? ErrorCode.REQUEST_TIMED_OUT : answer.errorCode,
      errorMessage: answer?.message ?? null
    }))
  )
