/**
 * The gate between a test's own runtime and a world: whoever runs with the gate's context is a guest, and runs in the world.
 *
 * Invariants: no operation of a guest happens outside a step of the world, so that what it does is ordered by the seed; the world goes
 * on only while a guest is in it, and stops at the step with which the last one leaves, so that the next one finds it there on every run.
 * The world runs in slices, between which the test's own runtime gets its turn: to end a test that takes too long, or to keep a promise
 * that a guest waits for, which no seed orders. Neighbours: `World.ts`, `TestCluster.ts`, `docs/decisions/0006-tests-run-inside-the-world.md`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type * as TestClock from "effect/testing/TestClock"
import { makeClock } from "./SimClock.ts"
import { type SimProcess, type World, WorldError } from "./World.ts"

type Guest = Fiber.Fiber<unknown, unknown>

/** Steps after which the outside gets its turn. */
const stepsPerSlice = 5_000
/** How long guests may do nothing and wait for no clock, in milliseconds of the world: they wait for something outside of it. */
const patienceMs = 600_000
/** How long the world goes on for a fiber of its own that was woken from outside, in milliseconds of the world. */
const visitMs = 30_000

/** Effect has no public name for them. */
const hasChildren = (fiber: Guest): boolean =>
  "_children" in fiber && fiber._children instanceof Set && fiber._children.size > 0

export interface GateOptions {
  readonly world: World
  /** Guests run in it. */
  readonly home: SimProcess
  /** A guest has ended. */
  readonly onExit: (exit: Exit.Exit<unknown, unknown>) => void
}

export class Gate {
  /** Whoever runs with this is in the world. */
  readonly context: Context.Context<never>
  private readonly options: GateOptions
  private readonly scheduler: Scheduler.Scheduler
  private readonly outside = new Scheduler.MixedScheduler().makeDispatcher()
  /** Until when the world goes on for them, in its milliseconds. */
  private readonly guests = new Map<Guest, number>()
  /** Fibers that were born in the world: nobody outside waits for them. */
  private readonly natives = new WeakSet<Guest>()
  private readonly observed = new WeakSet<Guest>()
  private readonly refused = new WeakSet<Guest>()
  private state: "Open" | "Closed" | WorldError = "Open"
  private isStepping = false
  private isSliceDue = false
  private activeMs = 0
  private sleepers = 0

  constructor(options: GateOptions) {
    this.options = options
    const { world, home } = options
    const inside: Scheduler.SchedulerDispatcher = {
      scheduleTask: (run, priority) => {
        if (this.state !== "Open") return this.outside.scheduleTask(run, priority)
        home.post(run)
        if (!this.isStepping) this.sliceSoon()
      },
      flush: () => undefined
    }
    this.scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => (this.isStepping ? this.goOn(fiber) : this.enter(fiber)),
      makeDispatcher: () => inside
    }
    this.context = home.context.pipe(
      Context.add(Scheduler.Scheduler, this.scheduler),
      Context.add(Clock.Clock, this.makeTestClock())
    )
    this.activeMs = world.nowMs
  }

  /** False when it was closed, or something happened in the world after which nothing can. */
  get isOpen(): boolean {
    return this.state === "Open"
  }

  /** Steps until `done`, at once. */
  drive(done: () => boolean): void {
    this.isStepping = true
    try {
      this.options.world.runUntil(done)
    } finally {
      this.isStepping = false
    }
  }

  /** Runs an effect in a process of the world, at once, with the time that it takes there. */
  runNow<A, E>(where: SimProcess, effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    let ended: Exit.Exit<A, E> | undefined
    where.run(effect, (exit) => {
      ended = exit
    })
    this.drive(() => ended !== undefined)
    return ended!
  }

  /** Runs an effect in another process of the world, for a guest. */
  elsewhere<A, E>(where: SimProcess, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.callback<A, E>((resume) => {
      where.run(effect, (exit) => this.options.home.post(() => resume(exit)))
    })
  }

  /** The world is over: who comes or is left runs outside. */
  close(): void {
    if (this.state === "Open") this.state = "Closed"
    this.guests.clear()
  }

  private goOn(fiber: Guest): boolean {
    if (fiber.currentOpCount === 1) {
      this.activeMs = this.options.world.nowMs
      if (!this.guests.has(fiber)) this.natives.add(fiber)
    }
    return fiber.currentOpCount >= this.options.world.opsPerTurn
  }

  /** Called at the first operation that would happen outside; it happens in a step instead. */
  private enter(fiber: Guest): boolean {
    if (this.state !== "Open") return this.refuse(fiber)
    const { nowMs } = this.options.world
    this.guests.set(fiber, this.natives.has(fiber) ? nowMs + visitMs : Number.POSITIVE_INFINITY)
    this.activeMs = nowMs
    if (!this.observed.has(fiber)) {
      this.observed.add(fiber)
      const isNative = this.natives.has(fiber)
      fiber.addObserver((exit) => {
        this.guests.delete(fiber)
        if (!isNative) this.options.onExit(exit)
      })
    }
    return true
  }

  /** What is thrown here the fiber dies of: once, as its finalizers come here too. */
  private refuse(fiber: Guest): boolean {
    if (this.state instanceof WorldError && !this.refused.has(fiber)) {
      this.refused.add(fiber)
      throw this.state
    }
    return false
  }

  /** The machine's clock. Whoever moves it as a TestClock sleeps so long: in a world time passes for all, and by itself. */
  private makeTestClock(): TestClock.TestClock {
    const clock = makeClock(this.options.home.machine.time, (delayMs, run) => this.after(delayMs, run))
    return {
      ...clock,
      adjust: (duration) => clock.sleep(Duration.fromInputUnsafe(duration)),
      setTime: (timestamp) => clock.sleep(Duration.millis(timestamp - clock.currentTimeMillisUnsafe())),
      withLive: (effect) => effect
    }
  }

  private after(delayMs: number, run: () => void): () => void {
    let isWaiting = true
    const end = (): void => {
      if (isWaiting) this.sleepers -= 1
      isWaiting = false
    }
    this.sleepers += 1
    const cancel = this.options.world.after(this.options.home, delayMs, () => {
      end()
      run()
    })
    return () => {
      end()
      cancel()
    }
  }

  /** A guest whose scheduler is another one has gone out again; before it ends it waits for the children that it has left behind. */
  private get isWanted(): boolean {
    const { nowMs } = this.options.world
    for (const [fiber, untilMs] of this.guests) {
      const isHere = fiber.cache.scheduler === this.scheduler
      if (isHere && nowMs < untilMs) return true
      if (!isHere && hasChildren(fiber)) {
        const leavesMs = Math.min(untilMs, nowMs + visitMs)
        this.guests.set(fiber, leavesMs)
        if (nowMs < leavesMs) return true
      }
      this.guests.delete(fiber)
    }
    return false
  }

  private sliceSoon(): void {
    if (this.isSliceDue) return
    this.isSliceDue = true
    this.outside.scheduleTask(this.slice, 0)
  }

  private readonly slice = (): void => {
    this.isSliceDue = false
    if (this.state !== "Open") return
    const { world } = this.options
    const endsAt = world.steps + stepsPerSlice
    try {
      this.drive(() => !this.isWanted || world.steps >= endsAt)
      this.losePatience()
    } catch (error) {
      if (!(error instanceof WorldError)) throw error
      this.break(error)
    }
    if (this.isWanted) this.sliceSoon()
  }

  private losePatience(): void {
    const { world } = this.options
    if (this.sleepers > 0 || world.nowMs - this.activeMs < patienceMs) return
    const detail = `the test has waited ${patienceMs / 1_000} s of the world's time for something that does not happen in it`
    throw new WorldError("Deadlock", world.seed, `${detail}: a native promise, or an answer that nobody gives`)
  }

  private break(error: WorldError): void {
    this.state = error
    for (const fiber of [...this.guests.keys()]) fiber.interruptUnsafe()
    this.guests.clear()
  }
}
