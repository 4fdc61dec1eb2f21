/**
 * What the shells of both membership machines have in common: the machine as an actor, and what its effects on ownership and on its
 * life come to, whatever the protocol. Invariant: at most one revocation is under way, and losing partitions ends it. Neighbours:
 * `Membership.ts` says what the effects mean, `ClassicGroup.ts` and `ModernGroup.ts` add their protocols' requests.
 */
import * as Actor from "@klamm/actor/Actor"
import { monotonicMsOf } from "@klamm/platform/Moment"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Cluster } from "../../Cluster.ts"
import { BrokerError } from "../../KlammError.ts"
import type { TopicPartition } from "../TopicPartition.ts"
import type { Host } from "./Host.ts"
import type { CommonEffect, CommonMessage } from "./Membership.ts"

/** Heartbeats, commits and leaving, which nothing parks. */
export const groupLane = "group"

const mailboxCapacity = 10_000

export interface Shell {
  readonly cluster: Cluster
  readonly group: string
  readonly host: Host
  readonly scope: Scope.Scope
  readonly ended: Deferred.Deferred<void>
  revocation: Fiber.Fiber<void> | undefined
}

const endRevocation = (self: Shell): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { revocation } = self
    self.revocation = undefined
    return revocation === undefined ? Effect.void : Fiber.interrupt(revocation)
  })

/** Does what an effect says that both protocols know; `api` is whose refusal a failure was. */
export const perform = (
  self: Shell,
  api: string,
  tell: (message: CommonMessage) => void,
  effect: CommonEffect<TopicPartition>
): Effect.Effect<void> => {
  switch (effect._tag) {
    case "Assign":
      return self.host.assign(effect.partitions)
    case "Revoke": {
      const revoked = Effect.map(self.host.revoke(effect.partitions), () => {
        self.revocation = undefined
        tell({ _tag: "Revoked" })
      })
      return Effect.map(Effect.forkIn(revoked, self.scope), (fiber) => {
        self.revocation = fiber
      })
    }
    case "Lost":
      return Effect.andThen(endRevocation(self), self.host.lose(effect.partitions))
    case "Rediscover":
      return Effect.sync(() => self.cluster.invalidateCoordinator("group", self.group))
    case "Fail":
      self.host.fail(new BrokerError({ code: effect.code, api, resource: self.group, said: effect.message }))
      return Effect.asVoid(Deferred.succeed(self.ended, undefined))
    case "Left":
      return Effect.asVoid(Deferred.succeed(self.ended, undefined))
  }
}

/** A membership machine at work. Its effects are done at once, in order; what they wait for runs beside it. */
export const spawn = <State, Message extends { readonly _tag: string }, Out>(
  ended: Deferred.Deferred<void>,
  options: Pick<Actor.ActorOptions<State, Message | CommonMessage, Out, never>, "machine" | "initial"> & {
    readonly perform: (effect: Out, actor: Actor.Actor<State, Message | CommonMessage>) => Effect.Effect<void>
  }
): Effect.Effect<Actor.Actor<State, Message | CommonMessage>, never, Scope.Scope> =>
  Actor.spawn<State, Message | CommonMessage, Out, never>({
    machine: options.machine,
    initial: options.initial,
    timeOf: monotonicMsOf,
    mailboxCapacity,
    wake: { _tag: "Tick" },
    perform: (effects, actor) =>
      Effect.as(
        Effect.forEach(effects, (effect) => options.perform(effect, actor), { discard: true }),
        []
      ),
    isSlow: () => false,
    performSlow: () => Effect.never,
    onDefect: (cause) => Effect.sync(() => Deferred.doneUnsafe(ended, Exit.failCause(cause)))
  })
