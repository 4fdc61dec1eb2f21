/** The life of a broker in the cluster, with a controller that only notes what it is told. */
import { expect, it } from "@effect/vitest"
import type { Command, Replies } from "@klamm/controller"
import * as Effect from "effect/Effect"
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

const living = (told: Array<Command>) =>
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
    controller: listening(told),
    registered: () => Effect.void,
    offlineLogDirs: () => [],
    metadataOffset: () => 0,
    heartbeatIntervalMs: () => 2_000
  })

it.effect("a broker that leaves sends no heartbeat after its farewell", () =>
  Effect.gen(function* () {
    const told: Array<Command> = []
    const lifecycle = yield* living(told)
    yield* TestClock.adjust("6 seconds")
    const shutDowns = () => told.flatMap((command) => (command._tag === "Heartbeat" ? [command.wantShutDown] : []))
    expect(shutDowns()).toEqual([false, false, false, false])
    yield* lifecycle.leave
    yield* TestClock.adjust("1 minute")
    expect(shutDowns()).toEqual([false, false, false, false, true])
  })
)
