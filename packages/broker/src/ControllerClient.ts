/**
 * Asking the controller, from a broker: today it is in this process, its answer arrives like one over the network.
 *
 * Invariant: when an answer arrives, this broker has followed the metadata at least as far as the answer's own records, so that a
 * client that creates a topic finds it here at once.
 */
import type { Command, ControllerNode, Replies } from "@klamm/controller"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** How long to wait before asking again while nobody decides, in milliseconds. */
const retryMs = 20

/** How long an answer is waited for when the asker gives no time of its own (request.timeout.ms of Kafka's broker-to-controller channel). */
export const defaultTimeoutMs = 30_000

export interface ControllerClient {
  /** Undefined when no controller has answered in time. */
  readonly ask: <C extends Command>(command: C, timeoutMs?: number) => Effect.Effect<Replies[C["_tag"]] | undefined>
}

const decided = <C extends Command>(
  node: ControllerNode.ControllerNode,
  command: C,
  deadline: number
): Effect.Effect<Replies[C["_tag"]] | undefined> =>
  Effect.gen(function* () {
    while (true) {
      const answer = yield* node.submit(command)
      if (answer._tag === "Done") return answer.reply
      if ((yield* Clock.currentTimeMillis) + retryMs >= deadline) return undefined
      yield* Effect.sleep(retryMs)
    }
  })

export const make = (
  node: ControllerNode.ControllerNode,
  awaitOffset: (offset: number) => Effect.Effect<void>
): ControllerClient => ({
  ask: (command, timeoutMs = defaultTimeoutMs) =>
    Effect.gen(function* () {
      const deadline = (yield* Clock.currentTimeMillis) + timeoutMs
      const reply = yield* decided(node, command, deadline)
      yield* awaitOffset(node.image().offset)
      return reply
    })
})
