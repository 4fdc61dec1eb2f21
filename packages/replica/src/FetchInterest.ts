/**
 * What one fetcher follows, and what of it there is to look at: partitions that are *due*, and quiet ones that have nothing for it.
 *
 * Invariant: whatever is not due is watched, and due from its first news on. So a fetch costs what has changed, not what it asks for.
 * Neighbours: `FetchWaiters.ts` waits for news; the broker's FetchSessions keeps an interest from one fetch to the next.
 */
import type { PartitionActor } from "./PartitionActor.ts"

/** Consumers wait for the high watermark, followers for the log end. */
export type Waiter = "Consumer" | "Follower"

type Watched = Pick<PartitionActor, "watch" | "watchLogEnd">

interface Watch {
  readonly partition: Watched
  readonly stop: () => void
}

/** One partition of an interest; its owner adds what it knows of it. */
export interface Member {
  isDue: boolean
  isListed: boolean
  watch: Watch | undefined
}

/** Of a member that is new. */
export const unwatched = (): Member => ({ isDue: true, isListed: true, watch: undefined })

const unwatch = (member: Member): void => {
  const { watch } = member
  member.watch = undefined
  watch?.stop()
}

export class FetchInterest<M extends Member> {
  private readonly waiter: Waiter
  /** In the order of their turns. Those that are not due any more leave with the next `turns`. */
  private listed: Array<M> = []
  private count = 0
  private listener: ((appendedBytes: number) => void) | undefined

  constructor(waiter: Waiter) {
    this.waiter = waiter
  }

  get size(): number {
    return this.count
  }

  /** Adds a new member. */
  add(member: M): void {
    this.count += 1
    this.listed.push(member)
  }

  /** The member is asked for no longer. It leaves the list with the next `turns`, as thousands may be removed at once. */
  remove(member: M): void {
    this.count -= 1
    unwatch(member)
    member.isDue = false
  }

  makeDue(member: M): void {
    member.isDue = true
    if (member.isListed) return
    member.isListed = true
    this.listed.push(member)
  }

  /** There is nothing for the fetcher in the partition as it is now. */
  quieten(member: M, partition: Watched): void {
    this.watch(member, partition)
    member.isDue = false
  }

  /** News of the partition is heard from now on, though the member may be due already. */
  watch(member: M, partition: Watched): void {
    if (member.watch?.partition === partition) return
    unwatch(member)
    const told = (appendedBytes: number) => {
      this.makeDue(member)
      if (this.listener === undefined) unwatch(member)
      else this.listener(appendedBytes)
    }
    const stop = this.waiter === "Follower" ? partition.watchLogEnd(told) : partition.watch(told)
    member.watch = { partition, stop }
  }

  /** There is no such partition any more. */
  unwatch(member: M): void {
    unwatch(member)
  }

  /** Those that are due, in the order of their turns. */
  turns(): ReadonlyArray<M> {
    const due = this.listed.filter((member) => {
      member.isListed = member.isDue
      return member.isDue
    })
    this.listed = due
    return [...due]
  }

  /** Whoever got something waits until the others have had their turn. */
  turnsOver(served: ReadonlySet<M>): void {
    if (served.size === 0 || this.listed.length === 1) return
    const others = this.listed.filter((member) => !served.has(member))
    this.listed = [...others, ...[...served].filter(({ isListed }) => isListed)]
  }

  /** Tells of news until it is stopped; one at a time. */
  listen(listener: (appendedBytes: number) => void): () => void {
    this.listener = listener
    return () => {
      if (this.listener === listener) this.listener = undefined
    }
  }

  dispose(members: Iterable<M>): void {
    for (const member of members) unwatch(member)
  }
}
