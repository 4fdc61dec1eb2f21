/**
 * The broker's questions to the controller about in-sync replicas: what its leaders ask for goes out together, one request at a time,
 * and again until it is answered (KIP-497).
 *
 * Invariants: a leader's question is answered once, or dropped because that leader has moved on; an answer that leaves open whether the
 * change was made never counts as a refusal. Neighbours: `Isr.ts` decides what is asked, `Leader.ts` takes the outcome.
 */
import { Mailbox } from "@klamm/actor/Mailbox"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AlterIsr, IsrOutcome } from "./Partition.ts"
import type { PartitionActor } from "./PartitionActor.ts"

/** What the controller is asked, but for who asks. */
export interface AlterPartitionCommand {
  readonly topics: ReadonlyArray<{
    readonly topicId: string
    readonly partitions: ReadonlyArray<{
      readonly partitionIndex: number
      readonly leaderEpoch: number
      readonly partitionEpoch: number
      readonly newIsr: ReadonlyArray<{ readonly brokerId: number; readonly brokerEpoch: number }>
      readonly leaderRecoveryState: number
    }>
  }>
}

export interface AlteredPartition {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly isr: ReadonlyArray<number>
  readonly leaderRecoveryState: number
  readonly partitionEpoch: number
}

export interface AlterPartitionReply {
  readonly errorCode: number
  readonly topics: ReadonlyArray<{
    readonly topicId: string
    readonly partitions: ReadonlyArray<AlteredPartition>
  }>
}

export interface IsrUpdatesOptions {
  readonly nodeId: number
  /** Of this broker's present life. */
  readonly brokerEpoch: () => number
  /** Undefined when no controller could be asked, or none answered. */
  readonly alterPartition: (command: AlterPartitionCommand) => Effect.Effect<AlterPartitionReply | undefined>
}

export interface IsrUpdates {
  readonly ask: (partition: PartitionActor, change: AlterIsr) => void
}

interface Question {
  readonly partition: PartitionActor
  readonly change: AlterIsr
}

/** Questions that may wait: no more than there are partitions here. */
const questionsLimit = 1_000_000

/** How long after a failed request the next one goes out; milliseconds. */
export const retryBackoffMs = 50

/** The leader had recovered from an unclean election before it asked. */
const recovered = 0

/** Still the question of the leader that asked it. */
const isOpen = ({ partition, change }: Question): boolean => {
  const state = partition.actor.state()
  return (
    state._tag === "Leader" &&
    state.leaderEpoch === change.leaderEpoch &&
    state.followers.pending?.partitionEpoch === change.partitionEpoch
  )
}

const commandFor = (options: IsrUpdatesOptions, questions: ReadonlyArray<Question>): AlterPartitionCommand => {
  const topics = new Map<string, Array<AlterPartitionCommand["topics"][number]["partitions"][number]>>()
  for (const { partition, change } of questions) {
    const partitions = topics.get(partition.topicId) ?? []
    topics.set(partition.topicId, partitions)
    partitions.push({
      partitionIndex: partition.partition,
      leaderEpoch: change.leaderEpoch,
      partitionEpoch: change.partitionEpoch,
      newIsr: change.isr.map(({ brokerId, brokerEpoch }) => ({
        brokerId,
        brokerEpoch: brokerId === options.nodeId ? options.brokerEpoch() : brokerEpoch
      })),
      leaderRecoveryState: recovered
    })
  }
  return { topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })) }
}

const refused: ReadonlySet<number> = new Set([ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.INELIGIBLE_REPLICA])

/** The metadata knows better, and is on its way here. */
const overtaken: ReadonlySet<number> = new Set([
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.INVALID_UPDATE_VERSION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.INVALID_REQUEST,
  ErrorCode.NEW_LEADER_ELECTED
])

/** What the answer means for the leader; undefined when it has to be asked again. */
const outcomeOf = (answer: AlteredPartition | undefined, { leaderEpoch }: AlterIsr): IsrOutcome | undefined => {
  if (answer === undefined) return undefined
  const { errorCode, isr, partitionEpoch } = answer
  if (errorCode === ErrorCode.NONE) {
    return answer.leaderEpoch === leaderEpoch ? { _tag: "Committed", isr, partitionEpoch } : { _tag: "Overtaken" }
  }
  if (refused.has(errorCode)) return { _tag: "Refused" }
  return overtaken.has(errorCode) ? { _tag: "Overtaken" } : undefined
}

/** Tells the leaders; answers the questions that are still open. */
const tell = (questions: ReadonlyArray<Question>, reply: AlterPartitionReply | undefined): ReadonlyArray<Question> => {
  if (reply === undefined || reply.errorCode !== ErrorCode.NONE) return questions
  const answers = new Map(
    reply.topics.flatMap(({ topicId, partitions }) =>
      partitions.map((each) => [`${topicId}/${each.partitionIndex}`, each] as const)
    )
  )
  return questions.filter(({ partition, change }) => {
    const outcome = outcomeOf(answers.get(`${partition.topicId}/${partition.partition}`), change)
    if (outcome === undefined) return true
    const { leaderEpoch, partitionEpoch } = change
    return !partition.actor.tell({ _tag: "IsrAltered", leaderEpoch, partitionEpoch, outcome })
  })
}

/** Asks until the scope ends. */
export const make = (options: IsrUpdatesOptions): Effect.Effect<IsrUpdates, never, Scope.Scope> =>
  Effect.gen(function* () {
    const questions = new Mailbox<Question>(questionsLimit)
    const askOnce = Effect.flatMap(questions.takeAll, (taken) => {
      const open = taken.filter(isOpen)
      if (open.length === 0) return Effect.void
      return Effect.flatMap(options.alterPartition(commandFor(options, open)), (reply) => {
        const unanswered = tell(open, reply)
        for (const each of unanswered) questions.put(each)
        return unanswered.length === 0 ? Effect.void : Effect.sleep(retryBackoffMs)
      })
    })
    yield* Effect.forkScoped(Effect.forever(askOnce))
    return { ask: (partition, change) => questions.put({ partition, change }) }
  })
