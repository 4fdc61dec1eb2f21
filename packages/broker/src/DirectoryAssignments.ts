/**
 * Tells the controller in which log directory each replica of this broker is (KIP-858), so that it knows what a failed directory takes
 * with it. Invariant: what gathers while one question is under way goes out with the next; the last word on a replica counts; what
 * the controller did not take is told again. And what moved out of a directory is told before that is told to have failed: a replica that
 * comes from a failed one began anew, as the controller sees it.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { ControllerClient } from "./ControllerClient.ts"

/** How long to wait before telling again what was not taken, in milliseconds. */
const retryMs = 500

/** Replicas told at a time (Kafka's AssignReplicasToDirsRequest.MAX_ASSIGNMENTS_PER_REQUEST). */
const maxPerRequest = 2_250

interface Assignment {
  readonly topicId: string
  readonly partition: number
  readonly directoryId: string
  /** It moved out of that one. */
  readonly left: string | undefined
}

export interface DirectoryAssignments {
  readonly assign: (topicId: string, partition: number, directoryId: string, left?: string) => void
  /** The controller may still take it for the place of a replica that has moved. */
  readonly isBeingLeft: (directoryId: string) => boolean
}

/** The ids of directories that have failed, as far as the controller may be told. */
export const offlineLogDirs = (
  directories: ReadonlyArray<{ readonly failed: boolean; readonly log: { readonly directoryId: string } }>,
  { isBeingLeft }: Pick<DirectoryAssignments, "isBeingLeft">
): ReadonlyArray<string> =>
  directories.flatMap(({ failed, log: { directoryId } }) => (failed && !isBeingLeft(directoryId) ? [directoryId] : []))

const keyOf = ({ topicId, partition }: Assignment): string => `${topicId}/${partition}`

/** By directory, then by topic. */
const grouped = (assignments: ReadonlyArray<Assignment>) =>
  [...Map.groupBy(assignments, ({ directoryId }) => directoryId)].map(([id, inDirectory]) => ({
    id,
    topics: [...Map.groupBy(inDirectory, ({ topicId }) => topicId)].map(([topicId, ofTopic]) => ({
      topicId,
      partitions: ofTopic.map(({ partition }) => ({ partitionIndex: partition }))
    }))
  }))

/** Tells until the scope ends. */
export const make = (
  controller: ControllerClient,
  broker: { readonly id: number; readonly epoch: () => number }
): Effect.Effect<DirectoryAssignments, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pending = new Map<string, Assignment>()
    const news = yield* Queue.sliding<void>(1)
    const tellSome = Effect.gen(function* () {
      const some = [...pending.values()].slice(0, maxPerRequest)
      const directories = grouped(some)
      const command = { brokerId: broker.id, brokerEpoch: broker.epoch(), directories }
      const answer = yield* controller.ask({ _tag: "AssignReplicasToDirs", ...command })
      if (answer?.errorCode !== ErrorCode.NONE) return yield* Effect.sleep(retryMs)
      for (const each of some) if (pending.get(keyOf(each)) === each) pending.delete(keyOf(each))
    })
    const tellAll = Effect.suspend(
      (): Effect.Effect<void> => (pending.size === 0 ? Effect.void : Effect.andThen(tellSome, tellAll))
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Queue.take(news), tellAll)))
    return {
      assign: (topicId, partition, directoryId, left) => {
        const assignment = { topicId, partition, directoryId, left }
        pending.set(keyOf(assignment), assignment)
        Queue.offerUnsafe(news, undefined)
      },
      isBeingLeft: (directoryId) => [...pending.values()].some(({ left }) => left === directoryId)
    }
  })
