/**
 * UpdateFeatures (key 57, KIP-584, KIP-1022): the controller's decision on the levels of features, and the quorum's on kraft.version
 * (KIP-853), whose level stands in its own records. All are updated, or none; only what is updated is listed.
 */
import { Features, type FeatureUpdate, invalidFeatureUpdate } from "@klamm/controller"
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

interface Outcome {
  readonly errorCode: number
  readonly message: string | null
}

const done: Outcome = { errorCode: ErrorCode.NONE, message: null }
const timedOut: Outcome = { errorCode: ErrorCode.REQUEST_TIMED_OUT, message: null }

const askQuorum = (services: ControlServices, update: FeatureUpdate, validateOnly: boolean): Effect.Effect<Outcome> => {
  const { level, upgradeType } = update
  const answer = services.quorum.node.upgradeVersion({ level, isUpgrade: upgradeType === upgrade, validateOnly })
  return Effect.map(answer, ({ errorCode, message }) =>
    errorCode === ErrorCode.INVALID_UPDATE_VERSION
      ? { errorCode, message: invalidFeatureUpdate(update, message ?? "") }
      : { errorCode, message }
  )
}

/** The controller says first whether all of it can be, then the quorum does its part, then the controller. */
const change = (
  services: ControlServices,
  all: ReadonlyArray<FeatureUpdate>,
  validateOnly: boolean,
  timeoutMs: number
): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const ask = (asked: ReadonlyArray<FeatureUpdate>, onlyValidated: boolean) =>
      services.controller.ask({ _tag: "UpdateFeatures", updates: asked, validateOnly: onlyValidated }, timeoutMs)
    const ofQuorum = all.find(({ feature }) => feature === Features.kraftVersionName)
    if (ofQuorum === undefined) return (yield* ask(all, validateOnly)) ?? timedOut
    const validated = (yield* ask(all, true)) ?? timedOut
    if (validated.errorCode !== ErrorCode.NONE) return validated
    const decided = yield* askQuorum(services, ofQuorum, validateOnly)
    if (decided.errorCode !== ErrorCode.NONE || validateOnly) return decided
    const rest = all.filter((update) => update !== ofQuorum)
    return rest.length === 0 ? done : ((yield* ask(rest, false)) ?? timedOut)
  })

export const updateFeatures = (services: ControlServices): Handler =>
  handler(UpdateFeaturesRequest, UpdateFeaturesResponse, (request, { apiVersion }) =>
    Effect.gen(function* () {
      const { timeoutMs, validateOnly } = request
      const { errorCode, message } = yield* change(services, updates(request, apiVersion), validateOnly, timeoutMs)
      const made = errorCode === ErrorCode.NONE ? request.featureUpdates : []
      const results = made.map(({ feature }) => ({ feature, errorCode, errorMessage: null }))
      return { throttleTimeMs: 0, errorCode, errorMessage: message, results }
    })
  )
