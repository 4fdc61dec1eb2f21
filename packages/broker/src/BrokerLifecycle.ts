/**
 * This broker's life in the cluster: it registers, follows the metadata, is unfenced once it has caught up, sends heartbeats, and
 * leaves in good order (KIP-631). Invariants: it acts on no metadata from before its registration, which may tell of leaderships that
 * are long over; a broker whose registration is no longer the current one registers anew before it sends another heartbeat;
 * one that leaves sends no other heartbeat afterwards, which would have it lead again while its logs are being closed; one that can't tell
 * the controller of a failed log directory does not go on for long, as nobody would take over what it led in there.
 */
import type { BrokerRegistry } from "@klamm/controller"
import * as Entropy from "@klamm/platform/Entropy"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
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

/** The controller could not be told that a log directory has failed: it goes on believing in what is in there. */
export class DirectoryFailureUntold extends Data.TaggedError("DirectoryFailureUntold")<{
  readonly directoryId: string
  readonly timeoutMs: number
}> {
  override get message(): string {
    return (
      `the controller could not be told within log.dir.failure.timeout.ms (${this.timeoutMs}) that the log directory with the id ` +
      `${this.directoryId} has failed`
    )
  }
}

export interface LifecycleOptions {
  readonly registration: Omit<BrokerRegistry.RegisterBroker, "_tag" | "incarnationId">
  readonly controller: ControllerClient
  /**
   * broker.session.timeout.ms: half of it is waited for an answer, so that a connection that has gone silent is given up and the next one
   * is heard before this broker is fenced (KAFKA-14392).
   */
  readonly sessionTimeoutMs: number
  /** It is registered, under that epoch: again whenever its registration was lost. Ends when the metadata is followed from there on. */
  readonly registered: (epoch: number) => Effect.Effect<void>
  /** How far this broker has followed the metadata. */
  readonly metadataOffset: () => number
  /** The ids of log directories that have failed. */
  readonly offlineLogDirs: () => ReadonlyArray<string>
  /** The same, each once and when it fails. */
  readonly failedDirectories: Queue.Dequeue<string>
  /** log.dir.failure.timeout.ms: how long it may take until the controller knows. */
  readonly failureTimeoutMs: number
  readonly onUntold: (failure: DirectoryFailureUntold) => Effect.Effect<void>
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

const answerTimeoutMs = ({ sessionTimeoutMs }: LifecycleOptions): number => sessionTimeoutMs / 2

const register = (options: LifecycleOptions, incarnationId: string) =>
  Effect.gen(function* () {
    const { controller, registration } = options
    const command = { _tag: "RegisterBroker", incarnationId, ...registration } as const
    while (true) {
      const answer = yield* controller.ask(command, answerTimeoutMs(options))
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

const heartbeat = (
  options: LifecycleOptions,
  brokerEpoch: number,
  wantShutDown: boolean,
  offlineLogDirs: ReadonlyArray<string>,
  timeoutMs: number
) =>
  options.controller.ask(
    {
      _tag: "Heartbeat",
      brokerId: options.registration.brokerId,
      brokerEpoch,
      currentMetadataOffset: options.metadataOffset(),
      wantFence: false,
      wantShutDown,
      offlineLogDirs
    },
    timeoutMs
  )

/** Hurries with each failed directory, and looks after it until the controller was told of it or the time for that is over. */
const watchFailures = (
  options: LifecycleOptions,
  hurry: Queue.Enqueue<void>,
  told: ReadonlySet<string>
): Effect.Effect<never, never, Scope.Scope> =>
  Effect.gen(function* () {
    const directoryId = yield* Queue.take(options.failedDirectories)
    Queue.offerUnsafe(hurry, undefined)
    const timeoutMs = options.failureTimeoutMs
    const untold = Effect.suspend(() =>
      told.has(directoryId) ? Effect.void : options.onUntold(new DirectoryFailureUntold({ directoryId, timeoutMs }))
    )
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep(timeoutMs), untold))
  }).pipe(Effect.forever)

/** Asks until the controller has moved what this broker leads, or until nobody answers any more. */
const leave = (options: LifecycleOptions, epoch: () => number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (true) {
      const answer = yield* heartbeat(options, epoch(), true, options.offlineLogDirs(), leaveAnswerTimeoutMs)
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
    const told = new Set<string>()
    const hurry = yield* Queue.sliding<void>(1)
    yield* Effect.forkScoped(watchFailures(options, hurry, told))
    const beat = Effect.gen(function* () {
      const offline = options.offlineLogDirs()
      const answer = yield* heartbeat(options, epoch, false, offline, answerTimeoutMs(options))
      if (answer?.errorCode === ErrorCode.NONE) for (const directoryId of offline) told.add(directoryId)
      if (answer?.errorCode === ErrorCode.STALE_BROKER_EPOCH) {
        epoch = yield* register(options, incarnationId)
        yield* options.registered(epoch)
      }
      return answer?.isFenced === false
    })
    while (!(yield* beat)) yield* Effect.sleep(registrationRetryMs)
    const rest = Effect.suspend(() => Effect.sleep(options.heartbeatIntervalMs()))
    // What a failed directory led stands still until the controller knows (KIP-858).
    const pulse = Effect.andThen(Effect.raceFirst(rest, Queue.take(hurry)), beat)
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
