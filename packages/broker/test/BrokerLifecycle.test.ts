/** The life of a broker in the cluster, with a controller that only notes what it is told. */
import { expect, it } from "@effect/vitest"
import type { Command, Replies } from "@klamm/controller"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import * as BrokerLifecycle from "../src/BrokerLifecycle.ts"
import type { ControllerClient } from "../src/ControllerClient.ts"

const none = { errorCode: 0, message: null }

/** Takes every broker and unfences it at once. */
const listening = (told: Array<Command>): ControllerClient => ({
  ask: <C extends Command>(command: C) =>
    Effect.sync(() => {
      told.push(command)
      const replies: { readonly [Tag in keyof Replies]?: Replies[Tag] } = {
        RegisterBroker: { ...none, brokerEpoch: 7 },
        Heartbeat: {
          ...none,
          isCaughtUp: true,
          isFenced: false,
          shouldShutDown: command._tag === "Heartbeat" && command.wantShutDown
        }
      }
      const tag: C["_tag"] = command._tag
      return replies[tag]
    })
})

/** A lifecycle with what a test wants to be otherwise. */
const living = (controller: ControllerClient, changes: Partial<BrokerLifecycle.LifecycleOptions> = {}) =>
  Effect.gen(function* () {
    return yield* BrokerLifecycle.make({
      registration: {
        brokerId: 1,
        clusterId: "c",
        endpoints: [],
        features: [],
        rack: null,
        logDirs: [],
        previousBrokerEpoch: -1
      },
      controller,
      sessionTimeoutMs: 9_000,
      registered: () => Effect.void,
      offlineLogDirs: () => [],
      failedDirectories: yield* Queue.unbounded<string>(),
      failureTimeoutMs: 30_000,
      onUntold: () => Effect.void,
      metadataOffset: () => 0,
      registrationTimeoutMs: 60_000,
      heartbeatIntervalMs: () => 2_000,
      ...changes
    })
  })

it.effect("a broker that leaves sends no heartbeat after its farewell", () =>
  Effect.gen(function* () {
    const told: Array<Command> = []
    const lifecycle = yield* living(listening(told))
    yield* TestClock.adjust("6 seconds")
    const shutDowns = () => told.flatMap((command) => (command._tag === "Heartbeat" ? [command.wantShutDown] : []))
    expect(shutDowns()).toEqual([false, false, false, false])
    yield* lifecycle.leave
    yield* TestClock.adjust("1 minute")
    expect(shutDowns()).toEqual([false, false, false, false, true])
  })
)

it.effect("a broker that no controller takes gives up when its time for that is over", () =>
  Effect.gen(function* () {
    const silent: ControllerClient = { ask: () => Effect.as(Effect.sleep(30_000), undefined) }
    const starting = yield* Effect.forkChild(Effect.flip(living(silent)))
    yield* TestClock.adjust("59 seconds")
    expect(starting.pollUnsafe()).toBeUndefined()
    yield* TestClock.adjust("1 second")
    const failure = yield* Fiber.join(starting)
    expect(failure.message).toBe(
      "this broker could not register with the controllers within initial.broker.registration.timeout.ms (60000)"
    )
  })
)

it.effect("a broker tells of a failed directory at once, and goes on with its heartbeats as before", () =>
  Effect.gen(function* () {
    const told: Array<Command> = []
    const offline = () => told.flatMap((command) => (command._tag === "Heartbeat" ? [command.offlineLogDirs] : []))
    const failedDirectories = yield* Queue.unbounded<string>()
    const failed: Array<string> = []
    yield* living(listening(told), { failedDirectories, offlineLogDirs: () => [...failed] })
    yield* TestClock.adjust("1 second")
    failed.push("first")
    yield* Queue.offer(failedDirectories, "first")
    yield* TestClock.adjust("1 millis")
    expect(offline()).toEqual([[], ["first"]])
    yield* TestClock.adjust("4 seconds")
    expect(offline()).toEqual([[], ["first"], ["first"], ["first"]])
  })
)

it.effect("a broker that can't tell the controller of a failed directory in time does not go on", () =>
  Effect.gen(function* () {
    const answering = listening([])
    let isSilent = false
    const controller: ControllerClient = {
      ask: (command) => (isSilent ? Effect.as(Effect.sleep(1_000), undefined) : answering.ask(command))
    }
    const failedDirectories = yield* Queue.unbounded<string>()
    const failed: Array<string> = []
    const untold: Array<string> = []
    yield* living(controller, {
      failedDirectories,
      offlineLogDirs: () => failed,
      onUntold: ({ message }) => Effect.sync(() => untold.push(message))
    })
    const fail = (directoryId: string) =>
      Effect.andThen(
        Effect.sync(() => failed.push(directoryId)),
        Queue.offer(failedDirectories, directoryId)
      )
    yield* fail("first")
    yield* TestClock.adjust("29 seconds")
    isSilent = true
    yield* fail("second")
    yield* TestClock.adjust("29 seconds")
    expect(untold).toEqual([])
    yield* TestClock.adjust("1 second")
    expect(untold).toEqual([
      "the controller could not be told within log.dir.failure.timeout.ms (30000) that the log directory with the id second has failed"
    ])
  })
)

it.effect("a broker whose controller has gone silent asks again within half of its session", () =>
  Effect.gen(function* () {
    const told: Array<Command> = []
    const answering = listening(told)
    let isSilent = false
    const controller: ControllerClient = {
      ask: (command, timeoutMs = Number.POSITIVE_INFINITY) =>
        isSilent ? Effect.as(Effect.sleep(timeoutMs), undefined) : answering.ask(command)
    }
    yield* living(controller)
    isSilent = true
    yield* TestClock.adjust("6 seconds")
    isSilent = false
    expect(told.filter(({ _tag }) => _tag === "Heartbeat")).toHaveLength(1)
    yield* TestClock.adjust("2500 millis")
    expect(told.filter(({ _tag }) => _tag === "Heartbeat")).toHaveLength(2)
  })
)

it.effect("a broker whose registration is not answered asks again within half of its session", () =>
  Effect.gen(function* () {
    const told: Array<Command> = []
    const answering = listening(told)
    const asked: Array<Command["_tag"]> = []
    const controller: ControllerClient = {
      ask: (command, timeoutMs = Number.POSITIVE_INFINITY) => {
        asked.push(command._tag)
        return asked.length === 1 ? Effect.as(Effect.sleep(timeoutMs), undefined) : answering.ask(command)
      }
    }
    yield* Effect.forkScoped(living(controller))
    yield* TestClock.adjust("4400 millis")
    expect(asked).toEqual(["RegisterBroker"])
    yield* TestClock.adjust("200 millis")
    expect(asked).toEqual(["RegisterBroker", "RegisterBroker", "Heartbeat"])
    expect(told[0]?._tag).toBe("RegisterBroker")
  })
)
