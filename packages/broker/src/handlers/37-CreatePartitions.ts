/**
 * CreatePartitions (key 37): the controller's decision. Behaviour 041.
 */
import { CreatePartitionsRequest, CreatePartitionsResponse } from "@klamm/protocol/api/37-CreatePartitions"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { placementSeed } from "../PlacementSeed.ts"
import type { Services } from "../Services.ts"

export const createPartitions = (services: Services): Handler =>
  handler(CreatePartitionsRequest, CreatePartitionsResponse, ({ topics, timeoutMs, validateOnly }) =>
    Effect.gen(function* () {
      const seed = yield* placementSeed
      const command = { _tag: "CreatePartitions", topics, validateOnly, placementSeed: seed } as const
      const created = yield* services.controller.ask(command, timeoutMs)
      const results =
        created === undefined
          ? topics.map(({ name }) => ({ name, errorCode: ErrorCode.REQUEST_TIMED_OUT }))
          : created.map(({ name, errorCode, message }) => ({ name, errorCode, errorMessage: message }))
      return { results }
    })
  )
