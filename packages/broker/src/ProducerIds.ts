/**
 * Producer ids from blocks that the controller gives out (KIP-730). Invariant: no id is given twice; one block is asked for at a
 * time, and whoever comes meanwhile waits for it.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { ControllerClient } from "./ControllerClient.ts"

export interface ProducerIds {
  /** Undefined while no controller gives a block. */
  readonly next: Effect.Effect<number | undefined>
}

export const make = (
  controller: ControllerClient,
  broker: { readonly id: number; readonly epoch: () => number }
): ProducerIds => {
  const turn = Semaphore.makeUnsafe(1)
  let nextId = 0
  let endId = 0
  const refill = Effect.gen(function* () {
    const command = { _tag: "AllocateProducerIds", brokerId: broker.id, brokerEpoch: broker.epoch() } as const
    const block = yield* controller.ask(command)
    if (block === undefined || block.length <= 0) return
    nextId = block.firstId
    endId = block.firstId + block.length
  })
  const next = Effect.gen(function* () {
    if (nextId >= endId) yield* refill
    if (nextId >= endId) return undefined
    nextId += 1
    return nextId - 1
  })
  return { next: turn.withPermits(1)(next) }
}
