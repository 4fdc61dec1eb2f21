/**
 * UpdateFeatures (key 57, KIP-584, KIP-1022): the controller's decision on the levels of features. All are updated, or none; only what is
 * updated is listed.
 */
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from "@klamm/protocol/api/57-UpdateFeatures"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof UpdateFeaturesRequest.Type

/** Before v1 a request could only say whether a level may fall. */
const upgrade = 1
const safeDowngrade = 2
const upgradeTypeVersion = 1

const updates = ({ featureUpdates }: Request, apiVersion: number) =>
  featureUpdates.map(({ feature, maxVersionLevel, allowDowngrade, upgradeType }) => ({
    feature,
    level: maxVersionLevel,
    upgradeType: apiVersion >= upgradeTypeVersion ? upgradeType : allowDowngrade ? safeDowngrade : upgrade
  }))

export const updateFeatures = (services: ControlServices): Handler =>
  handler(UpdateFeaturesRequest, UpdateFeaturesResponse, (request, { apiVersion }) =>
    Effect.gen(function* () {
      const { timeoutMs, validateOnly } = request
      const command = { _tag: "UpdateFeatures", updates: updates(request, apiVersion), validateOnly } as const
      const answer = yield* services.controller.ask(command, timeoutMs)
      const { errorCode, message } = answer ?? { errorCode: ErrorCode.REQUEST_TIMED_OUT, message: null }
      const made = errorCode === ErrorCode.NONE ? request.featureUpdates : []
      const results = made.map(({ feature }) => ({ feature, errorCode, errorMessage: null }))
      return { throttleTimeMs: 0, errorCode, errorMessage: message, results }
    })
  )
