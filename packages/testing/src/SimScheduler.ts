/**
 * The ready list and the timers of a world. Invariant: each task belongs to one process; what belongs to a dead one never runs, and
 * what belongs to a paused one waits in its order until it goes on. Which ready task is next is drawn.
 */
import type { Chance } from "./Chance.ts"

/** Whom a task belongs to. */
export interface Owner {
  readonly index: number
  readonly isAlive: boolean
  readonly isPaused: boolean
  /** Tasks that became ready while it was paused. */
  readonly held: Array<Task>
}

export interface Task {
  readonly owner: Owner
  readonly run: () => void
}

interface Timer extends Task {
  readonly at: number
  readonly order: number
  cancelled: boolean
}

/** Cancelled timers are thrown out when there are so many, and more of them than of the others. */
const sweepAt = 256

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** A binary heap of timers, by time and then by the order in which they were set. */
export class Timers {
  private heap: Array<Timer> = []
  private order = 0
  private cancelled = 0

  add(at: number, owner: Owner, run: () => void): () => void {
    const timer: Timer = { at, order: this.order, owner, run, cancelled: false }
    this.order += 1
    this.heap.push(timer)
    this.rise(this.heap.length - 1)
    return () => this.cancel(timer)
  }

  /** The time of the next one; undefined when there is none. */
  get nextAt(): number | undefined {
    while (this.heap.length > 0) {
      const first = this.heap[0]!
      if (!first.cancelled && first.owner.isAlive) return first.at
      if (first.cancelled) this.cancelled -= 1
      this.pop()
    }
    return undefined
  }

  /** Takes the next one, which there is. */
  take(): Task {
    const first = this.heap[0]!
    first.cancelled = true
    this.pop()
    return first
  }

  private cancel(timer: Timer): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.cancelled += 1
    if (this.cancelled < sweepAt || 2 * this.cancelled < this.heap.length) return
    this.heap = this.heap.filter((each) => !each.cancelled).sort((one, other) => (isBefore(one, other) ? -1 : 1))
    this.cancelled = 0
  }

  private pop(): void {
    const last = this.heap.pop()!
    if (this.heap.length === 0) return
    this.heap[0] = last
    this.sink(0)
  }

  private rise(from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(heap[at]!, heap[above]!)) return
      this.swap(at, above)
      at = above
    }
  }

  private sink(from: number): void {
    const { heap } = this
    let at = from
    while (true) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const right = left + 1
      const below = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left
      if (!isBefore(heap[below]!, heap[at]!)) return
      this.swap(at, below)
      at = below
    }
  }

  private swap(one: number, other: number): void {
    const { heap } = this
    const timer = heap[one]!
    heap[one] = heap[other]!
    heap[other] = timer
  }
}

/** Tasks that may run now. */
export class ReadyList {
  private readonly chance: Chance
  private readonly disorder: number
  private tasks: Array<Task> = []
  private head = 0

  /** `disorder`: the probability that it is not the oldest task that runs next, but any. */
  constructor(chance: Chance, disorder: number) {
    this.chance = chance
    this.disorder = disorder
  }

  get length(): number {
    return this.tasks.length - this.head
  }

  add(task: Task): void {
    if (task.owner.isPaused) task.owner.held.push(task)
    else this.tasks.push(task)
  }

  /** The next task whose owner may run, or undefined. */
  take(): Task | undefined {
    while (this.head < this.tasks.length) {
      const task = this.draw()
      if (!task.owner.isAlive) continue
      if (!task.owner.isPaused) return task
      task.owner.held.push(task)
    }
    return undefined
  }

  private draw(): Task {
    const { tasks, head } = this
    const count = tasks.length - head
    if (count > 1 && this.chance.happens(this.disorder)) {
      const at = head + this.chance.below(count)
      const drawn = tasks[at]!
      tasks[at] = tasks[head]!
      tasks[head] = drawn
    }
    const task = tasks[head]!
    this.head += 1
    if (this.head === tasks.length) {
      this.tasks = []
      this.head = 0
    } else if (this.head > 1_024 && 2 * this.head > tasks.length) {
      this.tasks = tasks.slice(this.head)
      this.head = 0
    }
    return task
  }
}
