/**
 * A world: machines and their processes in one loop, on one virtual time, everything drawn from one seed.
 *
 * Invariants: the same seed and the same program make the same steps, and so the same trace hash; no process ever runs inside
 * another one's step, so each can be stopped between any two steps; time moves only when nothing is ready, and a little with each
 * step. When nothing is ready and no timer is set, what is waited for can't come: a deadlock, which is also how a native promise
 * shows. Neighbours: `SimScheduler.ts`, `SimClock.ts`, `Chance.ts`; disks and networks stand on top.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import { Chance, hashText } from "./Chance.ts"
import { MachineTime, makeClock } from "./SimClock.ts"
import { type Owner, ReadyList, type Task, Timers } from "./SimScheduler.ts"
import { type LogLine, makeLogger, type Trace } from "./Trace.ts"

/** Which run it is, and how wild. */
export interface WorldOptions {
  readonly seed: number
  /** How often the next step is any ready task instead of the oldest one: 0 to 1. */
  readonly disorder?: number
  /** Operations a fiber may do before others get their turn. */
  readonly opsPerTurn?: number
  /** Steps after which the world is taken to run in circles. */
  readonly maxSteps?: number
  readonly trace?: Trace
}

/** `Deadlock`: nothing can happen any more. `Livelock`: too much has happened. `Crash`: a step threw. */
export type WorldFailure = "Deadlock" | "Livelock" | "Crash"

/** The world can't go on; a defect of what runs in it, or of the world. */
export class WorldError extends Error {
  override readonly name = "WorldError"
  readonly failure: WorldFailure
  readonly seed: number

  constructor(failure: WorldFailure, seed: number, detail: string, cause?: unknown) {
    super(`${failure} with seed ${seed}: ${detail}`, { cause })
    this.failure = failure
    this.seed = seed
  }
}

/** What a step costs, in milliseconds of the world's time. */
const stepMs = 0.001
const defaultMaxSteps = 50_000_000
const defaultOpsPerTurn = 2_048

/** One computer: its clock goes on when its processes die. */
export class Machine {
  readonly name: string
  readonly time: MachineTime

  constructor(name: string, time: MachineTime) {
    this.name = name
    this.time = time
  }
}

/** One life of a process. Dead, it never runs again; nothing is cleaned up behind it. */
export class SimProcess implements Owner {
  readonly index: number
  readonly machine: Machine
  readonly name: string
  readonly held: Array<Task> = []
  /** Called once when it dies. */
  readonly onDeath: Array<() => void> = []
  readonly context: Context.Context<never>
  private readonly world: World
  private alive = true
  private paused = false
  private interrupts: Array<() => void> = []

  constructor(world: World, index: number, machine: Machine, name: string) {
    this.world = world
    this.index = index
    this.machine = machine
    this.name = name
    this.context = this.makeContext()
  }

  get isAlive(): boolean {
    return this.alive
  }

  get isPaused(): boolean {
    return this.paused
  }

  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.held.length = 0
    for (const each of this.onDeath) each()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    for (const task of this.held.splice(0)) this.world.ready(task)
  }

  /** Starts an effect in this process, in a step of its own; `ended` is told how it ends. */
  run<A, E>(effect: Effect.Effect<A, E>, ended: (exit: Exit.Exit<A, E>) => void): void {
    const run = () => {
      const fiber: Fiber.Fiber<A, E> = Effect.runForkWith(this.context)(effect)
      fiber.addObserver(ended)
      this.interrupts.push(() => fiber.interruptUnsafe())
    }
    this.post(run)
  }

  /** SIGTERM: what runs in it is interrupted, and ends in its own time. */
  terminate(): void {
    this.post(() => {
      for (const interrupt of this.interrupts.splice(0)) interrupt()
    })
  }

  /** Runs something in a step of this process. */
  readonly post = (run: () => void): void => this.world.ready({ owner: this, run })

  private makeContext(): Context.Context<never> {
    const { world } = this
    const dispatcher: Scheduler.SchedulerDispatcher = {
      scheduleTask: (run) => world.ready({ owner: this, run }),
      flush: () => undefined
    }
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= world.opsPerTurn,
      makeDispatcher: () => dispatcher
    }
    const clock = makeClock(this.machine.time, (delayMs, run) => world.after(this, delayMs, run))
    const logger = makeLogger((line) => world.log(this, line))
    return Context.empty().pipe(
      Context.add(Scheduler.Scheduler, scheduler),
      Context.add(Clock.Clock, clock),
      Context.add(Random.Random, world.chance.fork(`process ${this.index}`).random),
      Context.add(Logger.CurrentLoggers, new Set([logger]))
    )
  }
}

/** Machines, processes and one virtual time, driven step by step from a seed. */
export class World {
  readonly seed: number
  /** Whoever draws forks a stream of its own. */
  readonly chance: Chance
  readonly opsPerTurn: number
  readonly trace: Trace | undefined
  /** What processes have logged as errors. */
  readonly errors: Array<LogLine & { readonly process: string }> = []
  private readonly maxSteps: number
  private readonly timers = new Timers()
  private readonly readyList: ReadyList
  private processes = 0
  private stepCount = 0
  private hashSoFar: number
  private now = 0

  constructor(options: WorldOptions) {
    this.seed = options.seed
    this.chance = new Chance(options.seed)
    this.readyList = new ReadyList(this.chance.fork("schedule"), options.disorder ?? 1)
    this.opsPerTurn = options.opsPerTurn ?? defaultOpsPerTurn
    this.maxSteps = options.maxSteps ?? defaultMaxSteps
    this.trace = options.trace
    this.hashSoFar = hashText(`world ${options.seed}`)
  }

  /** True time in milliseconds since the world began. */
  get nowMs(): number {
    return this.now
  }

  get steps(): number {
    return this.stepCount
  }

  /** Two runs with the same hash have gone the same way. */
  get hash(): string {
    return this.hashSoFar.toString(16).padStart(8, "0")
  }

  /** `skewMs`: how far its wall clock is off at first. */
  machine(name: string, skewMs = 0): Machine {
    const bootedMs = this.chance.fork(`machine ${name}`).between(1e5, 1e7)
    return new Machine(name, new MachineTime(() => this.now, bootedMs, skewMs))
  }

  process(machine: Machine, name: string): SimProcess {
    this.processes += 1
    return new SimProcess(this, this.processes, machine, name)
  }

  ready(task: Task): void {
    if (task.owner.isAlive) this.readyList.add(task)
  }

  after(owner: Owner, delayMs: number, run: () => void): () => void {
    return this.timers.add(this.now + Math.max(0, delayMs), owner, run)
  }

  /** A line of the score; part of the hash whether it is printed or not. */
  tell(column: string, event: string): void {
    this.hashSoFar = hashText(event, this.hashSoFar)
    this.trace?.add(this.now, column, event)
  }

  log(from: SimProcess, line: LogLine): void {
    this.tell(from.machine.name, `${line.level.toLowerCase()}: ${line.text}`)
    if (line.level === "Error" || line.level === "Fatal") this.errors.push({ ...line, process: from.name })
  }

  /** Steps until `done`. */
  runUntil(done: () => boolean): void {
    while (!done()) {
      const task = this.next()
      if (task === undefined) throw new WorldError("Deadlock", this.seed, "nothing is ready and no timer is set")
      this.stepCount += 1
      if (this.stepCount > this.maxSteps) throw new WorldError("Livelock", this.seed, `${this.maxSteps} steps`)
      this.now += stepMs
      this.hashSoFar = Math.imul(this.hashSoFar ^ task.owner.index ^ Math.floor(this.now * 1_000), 0x01000193) >>> 0
      try {
        task.run()
      } catch (cause) {
        throw new WorldError("Crash", this.seed, cause instanceof Error ? cause.message : String(cause), cause)
      }
    }
  }

  /** Runs an effect in a process of a machine of its own until it ends. */
  run<A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    const script = this.process(this.machine("world"), "world")
    let ended: Exit.Exit<A, E> | undefined
    script.run(effect, (exit) => {
      ended = exit
    })
    this.runUntil(() => ended !== undefined)
    script.kill()
    return ended!
  }

  private next(): Task | undefined {
    while (true) {
      for (let at = this.timers.nextAt; at !== undefined && at <= this.now; at = this.timers.nextAt) {
        this.readyList.add(this.timers.take())
      }
      const task = this.readyList.take()
      if (task !== undefined) return task
      const at = this.timers.nextAt
      if (at === undefined) return undefined
      this.now = Math.max(this.now, at)
    }
  }
}
