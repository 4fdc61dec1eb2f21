/**
 * Asking the active controller, from a broker: in this process where this node leads the quorum, else over the network.
 *
 * Invariant: when an answer arrives, this broker has followed the metadata at least as far as the answer rests on, so that a client
 * that creates a topic finds it here at once. A question whose connection broke is asked again, as Kafka does: it may have been
 * carried out before. That a controller can't be reached is logged once, and once that it can again, however often it is asked.
 */
import type { Answered } from "@klamm/actor"
import type { ChannelError } from "@klamm/channel"
import type { Command, ControllerNode, Replies } from "@klamm/controller"
import * as Moment from "@klamm/platform/Moment"
import type { Address } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"

/** How long to wait before asking again while nobody decides, in milliseconds. */
const retryMs = 20

/** A question is asked at least once, and so long is waited for its answer, however little time the asker gives; milliseconds. */
const shortestAskMs = 1_000

/** How long an answer is waited for when the asker gives no time of its own (request.timeout.ms of Kafka's broker-to-controller channel). */
export const defaultTimeoutMs = 30_000

export interface ControllerClient {
  /** Undefined when no controller has answered in time. */
  readonly ask: <C extends Command>(command: C, timeoutMs?: number) => Effect.Effect<Replies[C["_tag"]] | undefined>
}

/** Asks the controller of another node. */
export type AskRemote = <C extends Command>(
  to: Address,
  command: C,
  timeoutMs: number
) => Effect.Effect<Answered<Replies[C["_tag"]]>, ChannelError>

export interface ControllerClientOptions {
  readonly nodeId: number
  readonly node: Pick<ControllerNode.ControllerNode, "submit"> & {
    readonly raft: Pick<ControllerNode.ControllerNode["raft"], "leader">
  }
  readonly remote: AskRemote
  readonly awaitOffset: (offset: number) => Effect.Effect<void>
}

const notActive: Answered<never> = { _tag: "NotActive" }

/** What is wrong with the way to the active controller, if anything is. */
interface Way {
  trouble: string | undefined
}

const broken = (way: Way, { message }: ChannelError): Effect.Effect<void> => {
  if (way.trouble === message) return Effect.void
  way.trouble = message
  return Effect.logWarning(`the active controller could not be asked: ${message}`)
}

const whole = (way: Way, id: number): Effect.Effect<void> => {
  if (way.trouble === undefined) return Effect.void
  way.trouble = undefined
  return Effect.logInfo(`the controller ${id} answers`)
}

/** Asks whoever leads at the moment, once. */
const askLeader = <C extends Command>(
  { nodeId, node, remote }: ControllerClientOptions,
  way: Way,
  command: C,
  timeoutMs: number
): Effect.Effect<Answered<Replies[C["_tag"]]>> =>
  Effect.suspend(() => {
    const { id, endpoint } = node.raft.leader()
    if (id === nodeId) return node.submit(command)
    if (endpoint === undefined) return Effect.succeed(notActive)
    return Effect.matchEffect(remote(endpoint, command, timeoutMs), {
      onSuccess: (answer) => Effect.as(whole(way, id), answer),
      onFailure: (error) => Effect.as(broken(way, error), notActive)
    })
  })

export const make = (options: ControllerClientOptions): ControllerClient => {
  const way: Way = { trouble: undefined }
  return {
    ask: (command, timeoutMs = defaultTimeoutMs) =>
      Effect.gen(function* () {
        const deadline = (yield* Moment.monotonicMs) + timeoutMs
        while (true) {
          const left = deadline - (yield* Moment.monotonicMs)
          const answer = yield* askLeader(options, way, command, Math.max(left, shortestAskMs))
          if (answer._tag === "Done") {
            yield* Effect.timeoutOption(options.awaitOffset(answer.offset), Math.max(left, shortestAskMs))
            return answer.reply
          }
          if (left <= retryMs) return undefined
          yield* Effect.sleep(retryMs)
        }
      })
  }
}
