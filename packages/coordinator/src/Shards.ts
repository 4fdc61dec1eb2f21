/**
 * The shards that live on this broker: who keeps a group, and what is answered when nobody here does. Invariant: a shard that has
 * resigned is not found any more, and what it was told before is answered before it ends.
 */

import { Reply } from "@klamm/actor/Reply"
import { hasBug } from "@klamm/platform/Bugs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { partitionFor } from "@klamm/protocol/JavaHash"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Command, refuse } from "./Commands.ts"
import type { CoordinatorOptions, PartitionLog } from "./Contract.ts"
import type { Complete } from "./Group.ts"
import type { GroupTable } from "./Groups.ts"
import type { ShardState } from "./Shard.ts"
import * as ShardActor from "./ShardActor.ts"

interface Shard {
  readonly leaderEpoch: number
  readonly actor: ShardActor.ShardActor
  readonly scope: Scope.Closeable
}

/** What can be read of a group: its shard's snapshot, or why there is none. */
export type Snapshot = { readonly table: GroupTable } | { readonly errorCode: number }

const snapshotOf = ({ phase, groups }: ShardState): Snapshot => {
  if (phase === "Active") return { table: groups }
  const isLoading = phase === "Loading"
  return { errorCode: isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR }
}

export class Shards {
  private readonly options: CoordinatorOptions
  private readonly scope: Scope.Scope
  private readonly shards = new Map<number, Shard>()

  constructor(options: CoordinatorOptions, scope: Scope.Scope) {
    this.options = options
    this.scope = scope
  }

  partitionFor(groupId: string): number {
    return partitionFor(groupId, this.options.config().offsetsTopicNumPartitions)
  }

  /** Those that live here, with the leader epoch of each. */
  partitions(): ReadonlyMap<number, number> {
    return new Map([...this.shards].map(([partition, { leaderEpoch }]) => [partition, leaderEpoch]))
  }

  /** Asks the shard that keeps the group; one that is not here, or has no room, is answered for. */
  ask<Answer>(groupId: string, command: (complete: Complete<Answer>) => Command): Effect.Effect<Answer> {
    return Effect.suspend(() => {
      const reply = new Reply<Answer>()
      const asked = command((given) => reply.complete(given))
      const shard = this.shards.get(this.partitionFor(groupId))
      if (shard === undefined) refuse(asked, ErrorCode.NOT_COORDINATOR)
      else if (!shard.actor.tell(asked)) refuse(asked, ErrorCode.COORDINATOR_NOT_AVAILABLE)
      return reply.await
    })
  }

  snapshot(groupId: string): Snapshot {
    const shard = this.shards.get(this.partitionFor(groupId))
    return shard === undefined ? { errorCode: ErrorCode.NOT_COORDINATOR } : snapshotOf(shard.actor.state())
  }

  snapshots(): ReadonlyArray<Snapshot> {
    return [...this.shards.values()].map(({ actor }) => snapshotOf(actor.state()))
  }

  tellAll(command: Command): void {
    for (const { actor } of this.shards.values()) actor.tell(command)
  }

  /** Takes the partition over; what was kept of it before is loaded anew. */
  start(partition: number, leaderEpoch: number, log: PartitionLog): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.end(partition)
      if (hasBug("shard-not-unloaded") && this.shards.has(partition)) return
      const scope = yield* Scope.fork(this.scope)
      const starting = ShardActor.make({
        partition,
        log,
        settings: this.options.config,
        decompression: this.options.decompression,
        onDefect: (cause) =>
          Effect.andThen(
            Effect.logError(`the group shard of partition ${partition} has stopped`, cause),
            Effect.sync(() => this.shards.delete(partition))
          )
      })
      const actor = yield* Scope.provide(starting, scope)
      this.shards.set(partition, { leaderEpoch, actor, scope })
    })
  }

  end(partition: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const shard = this.shards.get(partition)
      if (shard === undefined || hasBug("shard-not-unloaded")) return
      this.shards.delete(partition)
      const ended = new Reply<void>()
      if (shard.actor.tell({ _tag: "Resign", done: () => ended.complete() })) yield* ended.await
      yield* Scope.close(shard.scope, Exit.void)
    })
  }
}
