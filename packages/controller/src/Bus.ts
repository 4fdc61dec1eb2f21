/**
 * Questions to the controller on the wire: one private API (`@klamm/channel/PeerApi`) for all commands, how it is asked over channels,
 * and what answers it. Imported by name only, because it brings Schema and msgpack along. Invariant: an answer is to its own question; one
 * that is not is malformed.
 */
import type { Answered } from "@klamm/actor"
import { ChannelError } from "@klamm/channel"
import type { Channels } from "@klamm/channel/Channels"
import { type PeerApi, peerApi } from "@klamm/channel/PeerApi"
import type { Address } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CommandSchema } from "./BusCommands.ts"
import { ReplySchema } from "./BusReplies.ts"
import type { Command, Replies, TaggedReply } from "./Controller.ts"
import type { ControllerNode } from "./ControllerNode.ts"

export interface Question {
  readonly command: Command
}

export type Answer = Answered<TaggedReply>

export const AskController: PeerApi<Question, Answer> = peerApi(
  "AskController",
  10_010,
  Schema.Struct({ command: CommandSchema }),
  Schema.Union([
    Schema.Struct({ _tag: Schema.Literal("Done"), reply: ReplySchema, offset: Schema.Int }),
    Schema.Struct({ _tag: Schema.Literal("NotActive") }),
    Schema.Struct({ _tag: Schema.Literal("Busy") })
  ])
)

const untagged = <C extends Command>(
  to: Address,
  command: C,
  answer: Answer
): Effect.Effect<Answered<Replies[C["_tag"]]>, ChannelError> => {
  if (answer._tag !== "Done") return Effect.succeed(answer)
  const { _tag, value } = answer.reply
  if (_tag !== command._tag) {
    return Effect.fail(new ChannelError({ reason: "Malformed", address: `${to.host}:${to.port}` }))
  }
  return Effect.succeed({ ...answer, reply: value as Replies[C["_tag"]] })
}

/** Asks the controller of another node. */
export const ask =
  (channels: Channels) =>
  <C extends Command>(
    to: Address,
    command: C,
    timeoutMs: number
  ): Effect.Effect<Answered<Replies[C["_tag"]]>, ChannelError> =>
    Effect.flatMap(channels.call(to, AskController, { command }, timeoutMs), (answer) => untagged(to, command, answer))

/** Answers another node's question by this node's controller. */
export const answer =
  (node: Pick<ControllerNode, "submit">) =>
  ({ command }: Question): Effect.Effect<Answer> =>
    Effect.map(
      node.submit(command),
      (answered): Answer =>
        answered._tag === "Done"
          ? { ...answered, reply: { _tag: command._tag, value: answered.reply } as TaggedReply }
          : answered
    )
