/**
 * The shell of `ClassicStep.ts`: sends what the machine wants sent, makes the leader's plan, and carries ownership to the consumer.
 *
 * Invariants: requests never hold up the machine; JoinGroup and SyncGroup, which the coordinator parks, have a connection of their own,
 * so that heartbeats and commits pass them, and other members of this process. Neighbour: `Shell.ts` has what all memberships do.
 */
import type * as Actor from "@klamm/actor/Actor"
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
import type * as Scope from "effect/Scope"
import { type Cluster, type ClusterMetadata, coordinator } from "../../Cluster.ts"
import type { KlammError, RequestError } from "../../KlammError.ts"
import { type Assignor, assignors } from "../assignor/Assignor.ts"
import * as Protocol from "../ConsumerProtocol.ts"
import type { Settings } from "../Settings.ts"
import type { TopicPartition } from "../TopicPartition.ts"
import * as Classic from "./ClassicMember.ts"
import { step } from "./ClassicStep.ts"
import type { Host, Membership } from "./Host.ts"
import { type Outcome, unanswered } from "./Membership.ts"
import * as Shell from "./Shell.ts"

const protocolType = "consumer"
/** What JoinGroup and SyncGroup wait for is the slowest member, and then some. */
const parkedGraceMs = 5_000

interface Self extends Shell.Shell {
  readonly settings: Settings
  readonly assignors: ReadonlyArray<Assignor>
  /** The member's id as it was last, which its state has forgotten by when it leaves. */
  knownAs: string
  /** What the member had before it let go of it to join: the sticky assignor's members bring it along. */
  had: ReadonlyArray<TopicPartition>
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
    { timeoutMs: settings.sessionTimeoutMs, lane: Shell.groupLane }
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
    { timeoutMs: settings.requestTimeoutMs, lane: Shell.groupLane }
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

const perform = (self: Self, member: Member, effect: Classic.ClassicEffect): Effect.Effect<void> => {
  const later = (message: Effect.Effect<Classic.ClassicMessage>) =>
    Effect.asVoid(
      Effect.forkIn(
        Effect.map(message, (each) => member.tell(each)),
        self.scope
      )
    )
  const state = member.state()
  if (state.memberId !== "") self.knownAs = state.memberId
  if (effect._tag === "Send") return later(send(self, state, effect.request, self.knownAs))
  if (effect._tag === "Lead") return later(lead(self, effect))
  if (effect._tag === "Assign") self.had = state.owned
  if (effect._tag === "Lost") self.had = []
  return Shell.perform(self, "JoinGroup", (message) => member.tell(message), effect)
}

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
      knownAs: "",
      had: [],
      revocation: undefined
    }
    const member = yield* Shell.spawn<Classic.ClassicState, Classic.ClassicMessage, Classic.ClassicEffect>(self.ended, {
      machine: { step, wakeAt: Classic.wakeAt },
      initial: Classic.initial(machineSettings(settings, chosen), topics),
      perform: (effect, actor) => perform(self, actor, effect)
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
