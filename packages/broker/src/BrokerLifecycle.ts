/**
 * This broker's life in the cluster: it registers, follows the metadata, is unfenced once it has caught up, sends heartbeats, and
 * leaves in good order (KIP-631). Invariants: it acts on no metadata from before its registration, which may tell of leaderships that
 * are long over; a broker whose registration is no longer the current one registers anew before it sends another heartbeat;
 * one that leaves sends no other heartbeat afterwards, which would have it lead again while its logs are being closed.
 */
import type { BrokerRegistry } from "@klamm/controller"
import * as Entropy from "@klamm/platform/Entropy"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { ControllerClient } from "./ControllerClient.ts"

/** The controller does not take this broker. */
export class RegistrationRefused extends Data.TaggedError("RegistrationRefused")<{
  readonly errorCode: number
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/** No controller has taken this broker in the time that it has for its first registration. */
export class RegistrationTimedOut extends Data.TaggedError("RegistrationTimedOut")<{ readonly timeoutMs: number }> {
  override get message(): string {
    return `this broker could not register with the controllers within initial.broker.registration.timeout.ms (${this.timeoutMs})`
  }
}

export interface LifecycleOptions {
  readonly registration: Omit<BrokerRegistry.RegisterBroker, "_tag" | "incarnationId">
  readonly controller: ControllerClient
  /** It is registered, under that epoch: again whenever its registration was lost. Ends when the metadata is followed from there on. */
  readonly registered: (epoch: number) => Effect.Effect<void>
  /** How far this broker has followed the metadata. */
  readonly metadataOffset: () => number
  /** The ids of log directories that have failed. */
  readonly offlineLogDirs: () => ReadonlyArray<string>
  /** initial.broker.registration.timeout.ms: how long the first registration may take. */
  readonly registrationTimeoutMs: number
  /** broker.heartbeat.interval.ms. */
  readonly heartbeatIntervalMs: () => number
}

export interface BrokerLifecycle {
  readonly epoch: () => number
  /** Gives up all leaderships and tells the controller that this broker goes. */
  readonly leave: Effect.Effect<void>
}

/** How long to wait before registering again while the last life's session goes on, in milliseconds. */
const registrationRetryMs = 50

/** How often a leaving broker asks whether its leaderships have moved, in milliseconds. */
const leaveRetryMs = 50

/** How long a leaving broker waits for a controller to answer, and for its leaderships to move, in milliseconds. */
const leaveAnswerTimeoutMs = 2_000
const leaveTimeoutMs = 30_000

const register = (options: LifecycleOptions, incarnationId: string) =>
  Effect.gen(function* () {
    const { controller, registration } = options
    while (true) {
      const answer = yield* controller.ask({ _tag: "RegisterBroker", incarnationId, ...registration })
      if (answer !== undefined && answer.errorCode === ErrorCode.NONE) return answer.brokerEpoch
      if (answer !== undefined && answer.errorCode !== ErrorCode.DUPLICATE_BROKER_REGISTRATION) {
        const detail = answer.message ?? `registration was refused with error ${answer.errorCode}`
        return yield* Effect.fail(new RegistrationRefused({ errorCode: answer.errorCode, detail }))
      }
      yield* Effect.sleep(registrationRetryMs)
    }
  })

/** The first registration of this process; later ones go on for as long as it lives. */
const registerFirst = (options: LifecycleOptions, incarnationId: string) => {
  const timeoutMs = options.registrationTimeoutMs
  const orElse = () => Effect.fail(new RegistrationTimedOut({ timeoutMs }))
  return Effect.timeoutOrElse(register(options, incarnationId), { duration: timeoutMs, orElse })
}

const heartbeat = (options: LifecycleOptions, brokerEpoch: number, wantShutDown: boolean, timeoutMs?: number) =>
  options.controller.ask(
    {
      _tag: "Heartbeat",
      brokerId: options.registration.brokerId,
      brokerEpoch,
      currentMetadataOffset: options.metadataOffset(),
      wantFence: false,
      wantShutDown,
      offlineLogDirs: options.offlineLogDirs()
    },
    timeoutMs
  )

/** Asks until the controller has moved what this broker leads, or until nobody answers any more. */
const leave = (options: LifecycleOptions, epoch: () => number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (true) {
      const answer = yield* heartbeat(options, epoch(), true, leaveAnswerTimeoutMs)
      if (answer === undefined || answer.errorCode !== ErrorCode.NONE || answer.shouldShutDown) return
      yield* Effect.sleep(leaveRetryMs)
    }
  }).pipe(Effect.timeoutOption(leaveTimeoutMs), Effect.asVoid)

/** Registers and waits to be unfenced; then heartbeats go on until the scope ends. */
export const make = (
  options: LifecycleOptions
): Effect.Effect<BrokerLifecycle, RegistrationRefused | RegistrationTimedOut, Scope.Scope> =>
  Effect.gen(function* () {
    const incarnationId = yield* Entropy.uuid
    let epoch = yield* registerFirst(options, incarnationId)
    yield* options.registered(epoch)
    const beat = Effect.gen(function* () {
      const answer = yield* heartbeat(options, epoch, false)
      if (answer?.errorCode === ErrorCode.STALE_BROKER_EPOCH) {
        epoch = yield* register(options, incarnationId)
        yield* options.registered(epoch)
      }
      return answer?.isFenced === false
    })
    while (!(yield* beat)) yield* Effect.sleep(registrationRetryMs)
    const pulse = Effect.andThen(
      Effect.suspend(() => Effect.sleep(options.heartbeatIntervalMs())),
      beat
    )
    const lost = (error: RegistrationRefused) => Effect.logError(`this broker was not taken back: ${error.message}`)
    const beating = yield* Effect.forkScoped(Effect.catch(Effect.forever(pulse), lost))
    return {
      epoch: () => epoch,
      leave: Effect.andThen(
        Fiber.interrupt(beating),
        leave(options, () => epoch)
      )
    }
  })
