/**
 * InitProducerId (key 22): an id for an idempotent producer (KIP-98, KIP-360). A transactional id needs a transaction coordinator,
 * which this broker does not have.
 */
import { InitProducerIdRequest, InitProducerIdResponse } from "@klamm/protocol/api/22-InitProducerId"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

const none = -1

const refuse = (errorCode: number) => ({ errorCode, producerId: none, producerEpoch: none })

export const initProducerId = (services: Services): Handler =>
  handler(InitProducerIdRequest, InitProducerIdResponse, ({ transactionalId, producerId, producerEpoch }) =>
    Effect.gen(function* () {
      if ((producerId === none) !== (producerEpoch === none)) return refuse(ErrorCode.INVALID_REQUEST)
      if (transactionalId === "") return refuse(ErrorCode.INVALID_REQUEST)
      if (transactionalId !== null) return refuse(ErrorCode.NOT_COORDINATOR)
      const id = yield* services.producerIds.next
      return id === undefined
        ? refuse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        : { errorCode: ErrorCode.NONE, producerId: id, producerEpoch: 0 }
    })
  )
