/**
 * The shell of `ClassicStep.ts`: sends what the machine wants sent, makes the leader's plan, and carries ownership to the consumer.
 *
 * Invariants: requests never hold up the machine; JoinGroup and SyncGroup, which the coordinator parks, have a connection of their own,
 * so that heartbeats and commits pass them, and other members of this process. At most one revocation is under way, and losing partitions ends it.
 */
import * as Actor from "@klamm/actor/Actor"
import { monotonicMsOf } from "@klamm/platform/Moment"
import {
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  MalformedBytes,
  SyncGroupRequest,
  SyncGroupResponse
} from "@klamm/protocol"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { type Cluster, type ClusterMetadata, coordinator } from "../../Cluster.ts"
import { BrokerError, type KlammError, type RequestError } from "../../KlammError.ts"
import { type Assignor, assignors } from "../assignor/Assignor.ts"
import * as Protocol from "../ConsumerProtocol.ts"
import type { Settings } from "../Settings.ts"
import type { TopicPartition } from "../TopicPartition.ts"
import * as Classic from "./ClassicMember.ts"
import { step } from "./ClassicStep.ts"
import type { Host, Membership } from "./Host.ts"
import { type Outcome, unanswered } from "./Membership.ts"

const protocolType = "consumer"
/** What JoinGroup and SyncGroup wait for is the slowest member, and then some. */
const parkedGraceMs = 5_000
const groupLane = "group"
const mailboxCapacity = 10_000

interface Self {
  readonly cluster: Cluster
  readonly settings: Settings
  readonly group: string
  readonly host: Host
  readonly scope: Scope.Scope
  readonly assignors: ReadonlyArray<Assignor>
  readonly ended: Deferred.Deferred<void>
  /** What the member had before it let go of it to join: the sticky assignor's members bring it along. */
  had: ReadonlyArray<TopicPartition>
  revocation: Fiber.Fiber<void> | undefined
}

type Member = Actor.Actor<Classic.ClassicState, Classic.ClassicMessage>

const body = <A>(value: A): Outcome<A> => ({ _tag: "Body", body: value })

const join = (self: Self, state: Classic.ClassicState, round: number, reason: string) => {
  const { settings, cluster, group } = self
  const protocols = self.assignors.map((each) => ({
    name: each.name,
    metadata: Protocol.encodeSubscription({
      topics: state.topics,
      userData: each.userData(state.owned.length > 0 ? state.owned : self.had, state.generation),
      owned: state.owned,
      generation: state.generation,
      rackId: settings.clientRack === "" ? null : settings.clientRack
    })
  }))
  const request = {
    groupId: group,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    rebalanceTimeoutMs: settings.maxPollIntervalMs,
    memberId: state.memberId,
    groupInstanceId: settings.groupInstanceId,
    protocolType,
    protocols,
    reason
  }
  const answered = cluster.ask(
    coordinator("group", group),
    { request: JoinGroupRequest, response: JoinGroupResponse },
    request,
    (answer) =>
      body({ ...answer, members: answer.members.map((each) => ({ ...each, metadata: each.metadata.slice() })) }),
    { timeoutMs: settings.maxPollIntervalMs + parkedGraceMs, lane: `join-${settings.lane}` }
  )
  return Effect.map(orUnanswered(self, answered), (outcome) => ({ _tag: "Joined", round, outcome }) as const)
}

/** A request that had no answer; one that can't be sent at all ends the member. */
const orUnanswered = <A>(self: Self, asked: Effect.Effect<Outcome<A>, RequestError>): Effect.Effect<Outcome<A>> =>
  Effect.catch(asked, (error) =>
    Effect.sync(() => {
      if (!error.retriable) self.host.fail(error)
      return unanswered
    })
  )

const sync = (self: Self, state: Classic.ClassicState, round: number, assignments: Classic.Assignments) => {
  const { settings, cluster, group } = self
  const request = {
    groupId: group,
    generationId: state.generation,
    memberId: state.memberId,
    groupInstanceId: settings.groupInstanceId,
    protocolType,
    protocolName: state.protocol,
    assignments: Array.from(assignments, ([memberId, partitions]) => ({
      memberId,
      assignment: Protocol.encodeAssignment(partitions)
    }))
  }
  const answered = cluster.ask(
    coordinator("group", group),
    { request: SyncGroupRequest, response: SyncGroupResponse },
    request,
    ({ errorCode, assignment }) => body({ errorCode, assigned: assignedOf(assignment) }),
    { timeoutMs: settings.maxPollIntervalMs + parkedGraceMs, lane: `join-${settings.lane}` }
  )
  return Effect.map(orUnanswered(self, answered), (outcome) => {
    const assigned = outcome._tag === "Body" ? outcome.body.assigned : []
    return { _tag: "Synced", round, outcome, assigned } as const
  })
}

/** Nothing, for an assignment that nobody can read: the member would else end with every rebalance. */
const assignedOf = (assignment: Uint8Array): ReadonlyArray<TopicPartition> => {
  try {
    return Protocol.decodeAssignment(assignment)
  } catch (error) {
    if (error instanceof MalformedBytes) return []
    throw error
  }
}

const heartbeat = (self: Self, state: Classic.ClassicState, round: number) => {
  const { settings, cluster, group } = self
  const answered = cluster.ask(
    coordinator("group", group),
    { request: HeartbeatRequest, response: HeartbeatResponse },
    {
      groupId: group,
      generationId: state.generation,
      memberId: state.memberId,
      groupInstanceId: settings.groupInstanceId
    },
    ({ errorCode }) => body({ errorCode }),
    { timeoutMs: settings.sessionTimeoutMs, lane: groupLane }
  )
  return Effect.map(orUnanswered(self, answered), (outcome) => ({ _tag: "Beaten", round, outcome }) as const)
}

const leave = (self: Self, memberId: string, reason: string) => {
  const { settings, cluster, group } = self
  const answered = cluster.ask(
    coordinator("group", group),
    { request: LeaveGroupRequest, response: LeaveGroupResponse },
    (version) =>
      version < 3
        ? { groupId: group, memberId, members: [] }
        : {
            groupId: group,
            memberId: "",
            members: [{ memberId, groupInstanceId: settings.groupInstanceId, reason }]
          },
    () => undefined,
    { timeoutMs: settings.requestTimeoutMs, lane: groupLane }
  )
  return Effect.as(Effect.ignore(answered), { _tag: "LeaveAnswered" } as const)
}

/** The leader's plan: everybody's wishes, how many partitions there are, and the assignor that the group agreed on. */
const lead = (self: Self, effect: Classic.ClassicEffect & { _tag: "Lead" }): Effect.Effect<Classic.ClassicMessage> => {
  const { round, protocol } = effect
  const assignor = self.assignors.find(({ name }) => name === protocol)
  const members = effect.members.flatMap(({ memberId, groupInstanceId, metadata }) => {
    try {
      return [{ memberId, instanceId: groupInstanceId, ...Protocol.decodeSubscription(metadata) }]
    } catch (error) {
      if (error instanceof MalformedBytes) return []
      throw error
    }
  })
  if (assignor === undefined) return Effect.succeed({ _tag: "Unplanned", round })
  const topics = [...new Set(members.flatMap((member) => member.topics))]
  return current(self.cluster, topics).pipe(
    Effect.map((metadata): Classic.ClassicMessage => {
      const counts = new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitions.length ?? 0]))
      const racks = new Map(topics.map((topic) => [topic, racksOf(metadata, topic)]))
      return { _tag: "Planned", round, assignments: assignor.assign(members, counts, racks) }
    }),
    Effect.catch(() => Effect.succeed<Classic.ClassicMessage>({ _tag: "Unplanned", round }))
  )
}

/** Where each partition of a topic has replicas. */
const racksOf = ({ brokers, topics }: ClusterMetadata, topic: string): ReadonlyArray<ReadonlySet<string>> =>
  (topics.get(topic)?.partitions ?? []).map(
    ({ replicas }) => new Set(replicas.flatMap((id) => brokers.get(id)?.rack ?? []))
  )

/** The topics' metadata; a topic that is not there is asked for once more, since it may have just been made. */
const current = (cluster: Cluster, topics: ReadonlyArray<string>): Effect.Effect<ClusterMetadata, KlammError> =>
  Effect.flatMap(cluster.metadata(topics), (metadata) =>
    topics.every((topic) => (metadata.topics.get(topic)?.partitions.length ?? 0) > 0)
      ? Effect.succeed(metadata)
      : cluster.refresh(topics)
  )

const send = (self: Self, state: Classic.ClassicState, request: Classic.ClassicRequest, memberId: string) => {
  switch (request._tag) {
    case "Join":
      return join(self, state, request.round, request.reason)
    case "Sync":
      return sync(self, state, request.round, request.assignments)
    case "Heartbeat":
      return heartbeat(self, state, request.round)
    case "Leave":
      return leave(self, memberId, request.reason)
  }
}

/** The member id under which the member left, which its state has forgotten by then. */
interface Remembered {
  memberId: string
}

const perform = (self: Self, member: Member, effect: Classic.ClassicEffect, known: Remembered): Effect.Effect<void> => {
  const later = (message: Effect.Effect<Classic.ClassicMessage>) =>
    Effect.asVoid(
      Effect.forkIn(
        Effect.map(message, (each) => member.tell(each)),
        self.scope
      )
    )
  const state = member.state()
  switch (effect._tag) {
    case "Send":
      return later(send(self, state, effect.request, state.memberId === "" ? known.memberId : state.memberId))
    case "Lead":
      return later(lead(self, effect))
    case "Assign":
      self.had = state.owned
      return self.host.assign(effect.partitions)
    case "Revoke":
      return Effect.map(Effect.forkIn(revoke(self, member, effect.partitions), self.scope), (fiber) => {
        self.revocation = fiber
      })
    case "Lost":
      self.had = []
      return Effect.andThen(endRevocation(self), self.host.lose(effect.partitions))
    case "Rediscover":
      return Effect.sync(() => self.cluster.invalidateCoordinator("group", self.group))
    case "Fail":
      self.host.fail(
        new BrokerError({ code: effect.code, api: "JoinGroup", resource: self.group, said: effect.message })
      )
      return Effect.asVoid(Deferred.succeed(self.ended, undefined))
    case "Left":
      return Effect.asVoid(Deferred.succeed(self.ended, undefined))
  }
}

const revoke = (self: Self, member: Member, partitions: ReadonlyArray<TopicPartition>): Effect.Effect<void> =>
  Effect.map(self.host.revoke(partitions), () => {
    self.revocation = undefined
    member.tell({ _tag: "Revoked" })
  })

const endRevocation = (self: Self): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { revocation } = self
    self.revocation = undefined
    return revocation === undefined ? Effect.void : Fiber.interrupt(revocation)
  })

const machineSettings = (settings: Settings, chosen: ReadonlyArray<Assignor>): Classic.ClassicSettings => ({
  heartbeatIntervalMs: settings.heartbeatIntervalMs,
  retryBackoffMs: settings.retryBackoffMs,
  retryBackoffMaxMs: settings.retryBackoffMaxMs,
  maxPollIntervalMs: settings.maxPollIntervalMs,
  instanceId: settings.groupInstanceId,
  isCooperative: chosen.every(({ isCooperative }) => isCooperative),
  staticLeaves: false
})

/** A member of a classic group, from now until it leaves; it joins at once. */
export const make = (
  cluster: Cluster,
  group: string,
  settings: Settings,
  topics: ReadonlyArray<string>,
  host: Host
): Effect.Effect<Membership, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const chosen = settings.partitionAssignmentStrategy.map((name) => assignors[name])
    const self: Self = {
      cluster,
      settings,
      group,
      host,
      scope,
      assignors: chosen,
      ended: yield* Deferred.make<void>(),
      had: [],
      revocation: undefined
    }
    const known: Remembered = { memberId: "" }
    const member: Member = yield* Actor.spawn({
      machine: { step, wakeAt: Classic.wakeAt },
      initial: Classic.initial(machineSettings(settings, chosen), topics),
      timeOf: monotonicMsOf,
      mailboxCapacity,
      wake: { _tag: "Tick" } as Classic.ClassicMessage,
      perform: (effects: ReadonlyArray<Classic.ClassicEffect>, actor) =>
        Effect.as(
          Effect.tap(
            Effect.forEach(effects, (effect) => perform(self, actor, effect, known), { discard: true }),
            () =>
              Effect.sync(() => {
                const { memberId } = actor.state()
                if (memberId !== "") known.memberId = memberId
              })
          ),
          []
        ),
      isSlow: () => false,
      performSlow: () => Effect.never,
      onDefect: (cause) => Effect.sync(() => Deferred.doneUnsafe(self.ended, Exit.failCause(cause)))
    })
    return {
      identity: () => {
        const { memberId, generation } = member.state()
        return { group, memberId, generation, instanceId: settings.groupInstanceId, isModern: false }
      },
      tell: (message) => member.tell(message),
      ended: Deferred.await(self.ended)
    }
  })
