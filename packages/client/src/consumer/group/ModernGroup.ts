/**
 * The shell of `ModernMember.ts`: one heartbeat request for everything, and the names of the topics that assignments name by id.
 *
 * Invariants: an assignment whose topics are not all known waits, and a later one overtakes it; the member chooses its id itself and
 * keeps it while it lives (KIP-1082). Neighbours: `Host.ts` is who it carries partitions to, `ShareGroup.ts` uses the same machine.
 */
import type * as Actor from "@klamm/actor/Actor"
import * as Entropy from "@klamm/platform/Entropy"
import { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse } from "@klamm/protocol"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Cluster, coordinator } from "../../Cluster.ts"
import type { RequestError } from "../../KlammError.ts"
import type { Settings } from "../Settings.ts"
import { byTopic } from "../TopicPartition.ts"
import type { Host, Membership } from "./Host.ts"
import { type Outcome, unanswered } from "./Membership.ts"
import * as Modern from "./ModernMember.ts"
import * as Shell from "./Shell.ts"

/** Before the coordinator has said how often it wants to hear. */
const firstIntervalMs = 3_000

export interface Assigned {
  readonly topicId: string
  readonly partitions: ReadonlyArray<number>
}

/** What an answer says, of a consumer group's heartbeat or a share group's. */
export interface HeartbeatAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  readonly assignment: { readonly topicPartitions: ReadonlyArray<Assigned> } | null
}

/** How a kind of group says its heartbeat. */
export type Heart = (memberId: string, heartbeat: Modern.Heartbeat) => Effect.Effect<HeartbeatAnswer, RequestError>

interface Self extends Shell.Shell {
  readonly settings: Settings
  readonly heart: Heart
  readonly memberId: string
  /** Counts assignments: the names of an older one's topics are not waited for any more. */
  assignments: number
}

type Member = Actor.Actor<Modern.ModernState, Modern.ModernMessage>

const beat = (self: Self, member: Member, heartbeat: Modern.Heartbeat): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.matchEager(self.heart(self.memberId, heartbeat), {
      onFailure: (error): Outcome<HeartbeatAnswer> => {
        if (!error.retriable) self.host.fail(error)
        return unanswered
      },
      onSuccess: (body): Outcome<HeartbeatAnswer> => ({ _tag: "Body", body })
    }),
    (outcome) => {
      member.tell({ _tag: "Beaten", beat: heartbeat.beat, outcome })
      if (outcome._tag === "Unanswered" || outcome.body.assignment === null) return Effect.void
      const { memberEpoch, assignment } = outcome.body
      return target(self, member, memberEpoch, assignment.topicPartitions)
    }
  )

/** Finds the topics' names and tells the machine what it is to have. */
const target = (
  self: Self,
  member: Member,
  memberEpoch: number,
  assigned: ReadonlyArray<Assigned>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const turn = ++self.assignments
    return resolve(self, member, memberEpoch, assigned, turn)
  })

const resolve = (
  self: Self,
  member: Member,
  memberEpoch: number,
  assigned: ReadonlyArray<Assigned>,
  turn: number
): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (turn !== self.assignments) return Effect.void
    const partitions: Array<Modern.IdPartition> = []
    for (const { topicId, partitions: numbers } of assigned) {
      const topic = self.cluster.nameOf(topicId)
      if (topic === undefined) {
        const { topics } = member.state()
        const refresh = Effect.ignore(topics.length === 0 ? self.cluster.allTopics : self.cluster.refresh(topics))
        const wait = Effect.sleep(self.settings.retryBackoffMs)
        return refresh.pipe(Effect.andThen(wait), Effect.andThen(resolve(self, member, memberEpoch, assigned, turn)))
      }
      for (const partition of numbers) partitions.push({ topic, topicId, partition })
    }
    member.tell({ _tag: "Target", memberEpoch, partitions })
    return Effect.void
  })

const perform = (self: Self, member: Member, effect: Modern.ModernEffect): Effect.Effect<void> =>
  effect._tag === "Send"
    ? Effect.asVoid(Effect.forkIn(beat(self, member, effect.request), self.scope))
    : Shell.perform(self, "GroupHeartbeat", (message) => member.tell(message), effect)

const consumerHeart =
  (cluster: Cluster, group: string, settings: Settings): Heart =>
  (memberId, { memberEpoch, isFull, topics, owned }) => {
    const ofOwned = owned === null ? null : [...byTopic(owned.map((each) => ({ ...each, topic: each.topicId })))]
    const request = {
      groupId: group,
      memberId,
      memberEpoch,
      instanceId: settings.groupInstanceId,
      rackId: isFull && settings.clientRack !== "" ? settings.clientRack : null,
      rebalanceTimeoutMs: isFull ? settings.maxPollIntervalMs : -1,
      subscribedTopicNames: topics === null ? null : [...topics],
      ...(settings.topicPattern === null ? {} : { subscribedTopicRegex: isFull ? settings.topicPattern : null }),
      serverAssignor: isFull ? settings.groupRemoteAssignor : null,
      topicPartitions:
        ofOwned?.map(([topicId, each]) => ({ topicId, partitions: each.map(({ partition }) => partition) })) ?? null
    }
    return cluster.ask(
      coordinator("group", group),
      { request: ConsumerGroupHeartbeatRequest, response: ConsumerGroupHeartbeatResponse },
      request,
      (body) => body,
      { timeoutMs: settings.requestTimeoutMs, lane: Shell.groupLane }
    )
  }

export interface ModernOptions {
  readonly cluster: Cluster
  readonly group: string
  readonly settings: Settings
  readonly topics: ReadonlyArray<string>
  readonly host: Host
  readonly heart: Heart
  readonly isShare: boolean
}

/** A member, from now until it leaves; it joins at once. */
export const join = (
  options: ModernOptions
): Effect.Effect<Membership & { readonly memberId: string }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { cluster, group, settings, topics, host, heart, isShare } = options
    const scope = yield* Effect.scope
    const memberId = yield* Entropy.uuid
    const ended = yield* Deferred.make<void>()
    const self: Self = {
      cluster,
      settings,
      group,
      host,
      heart,
      memberId,
      scope,
      ended,
      revocation: undefined,
      assignments: 0
    }
    const machine: Modern.ModernSettings = {
      heartbeatIntervalMs: firstIntervalMs,
      retryBackoffMs: settings.retryBackoffMs,
      retryBackoffMaxMs: settings.retryBackoffMaxMs,
      maxPollIntervalMs: settings.maxPollIntervalMs,
      instanceId: settings.groupInstanceId,
      isShare
    }
    const member = yield* Shell.spawn<Modern.ModernState, Modern.ModernMessage, Modern.ModernEffect>(ended, {
      machine: { step: Modern.step, wakeAt: Modern.wakeAt },
      initial: Modern.initial(machine, topics),
      perform: (effect, actor) => perform(self, actor, effect)
    })
    return {
      memberId,
      identity: () => ({
        group,
        memberId,
        generation: member.state().memberEpoch,
        instanceId: settings.groupInstanceId,
        isModern: true
      }),
      tell: (message) => member.tell(message),
      ended: Deferred.await(ended)
    }
  })

/** A member of a consumer group of the new protocol. */
export const make = (
  cluster: Cluster,
  group: string,
  settings: Settings,
  topics: ReadonlyArray<string>,
  host: Host
): Effect.Effect<Membership, never, Scope.Scope> =>
  join({ cluster, group, settings, topics, host, heart: consumerHeart(cluster, group, settings), isShare: false })
