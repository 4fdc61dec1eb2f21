/** The life of a broker in the cluster, with a controller that only notes what it is told. */
import { expect, it } from "@effect/vitest"
import type { Command, Replies } from "@klamm/controller"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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

const living = (controller: ControllerClient) =>
  BrokerLifecycle.make({
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
    registered: () => Effect.void,
    offlineLogDirs: () => [],
    metadataOffset: () => 0,
    registrationTimeoutMs: 60_000,
    heartbeatIntervalMs: () => 2_000
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
