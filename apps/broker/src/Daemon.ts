/**
 * The broker daemon of one node: configuration in, the live layers under the broker, and a banner once it serves. This is the
 * map of the system: everything else hangs below `Broker.layer`; here the real disk and network are chosen, or memory.
 */
import { readFileSync } from "node:fs"
import { Broker, type FormatParts, layer } from "@klamm/broker/Broker"
import { describeFailure } from "@klamm/broker/Failure"
import { parseInitialControllers, quorumOf } from "@klamm/broker/InitialControllers"
import { resolve, type StaticConfig } from "@klamm/config/BrokerConfig"
import {
  developmentPreset,
  environmentLayer,
  fileLayer,
  keepControllerListener,
  presetLayer,
  setLayer
} from "@klamm/config/Layers"
import { printProblem } from "@klamm/config/Problem"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import * as NodeDisk from "@klamm/platform/node/NodeDisk"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import * as NodeScheduler from "@klamm/platform/node/NodeScheduler"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import manifest from "../package.json" with { type: "json" }
import { banner, readiness } from "./Banner.ts"
import { keepOptimized, optimizeSooner } from "./Compiling.ts"
import { failed, quit, wrongUsage } from "./Exit.ts"
import { settleHeap } from "./Heap.ts"
import * as Metrics from "./Metrics.ts"
import type { Options } from "./Options.ts"

const readConfigFile = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    return quit(`✗ cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, wrongUsage)
  }
}

const configure = (options: Options): StaticConfig => {
  const { configFile } = options
  const layers = keepControllerListener([
    presetLayer(developmentPreset()),
    ...(configFile === undefined ? [] : [fileLayer(configFile, readConfigFile(configFile))]),
    environmentLayer(process.env),
    setLayer(options.settings)
  ])
  const resolved = resolve(layers)
  if (Result.isSuccess(resolved)) return resolved.success
  return quit(resolved.failure.map((problem) => `✗ ${printProblem(problem)}`).join("\n"), wrongUsage)
}

/** A terminal signals the whole process group and a package manager passes it on, so one Ctrl-C can arrive twice. */
const sameStopMs = 1_000

/** The first signal stops in good order; one that comes noticeably later ends the process at once. Answers whether one has come. */
const onStopSignal = (stop: () => void): (() => boolean) => {
  let stoppingSince: number | undefined
  const onSignal = (why: string): void => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now()
      process.stdout.write(`stopping: ${why}\n`)
      stop()
    } else if (performance.now() - stoppingSince > sameStopMs) process.exit(failed)
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  // A launcher that is gone takes its brokers with it.
  process.on("disconnect", () => onSignal("the launcher is gone"))
  return () => stoppingSince !== undefined
}

/** What a new data folder is made with, if anything is said of it. */
const formatOf = ({ clusterId, initialControllers }: Options, config: StaticConfig): FormatParts | undefined => {
  if (clusterId === undefined) return undefined
  if (initialControllers === undefined) return { clusterId, initial: undefined }
  const controllers = parseInitialControllers(initialControllers)
  if (Result.isFailure(controllers)) return quit(`✗ ${controllers.failure}`, wrongUsage)
  return { clusterId, initial: quorumOf(config, controllers.success) }
}

/** Schema and msgpack come with it: a node that is alone starts without. */
const loadBus = Effect.promise(async () => (await import("@klamm/broker/Bus")).bus)

/** Where the metrics are to be served, if anywhere. */
const metricsAddress = ({ values }: StaticConfig): Metrics.MetricsAddress | undefined => {
  const text = values["klamm.metrics.listener"]
  if (text === "") return undefined
  const address = Metrics.parseAddress(text)
  return address ?? quit(`✗ klamm.metrics.listener is HOST:PORT, not "${text}"`, wrongUsage)
}

/** Answers where, once they are. */
const serveMetrics = (address: Metrics.MetricsAddress, { telemetry }: Broker["Service"]) =>
  Effect.match(Metrics.serve(address, telemetry), {
    onSuccess: ({ host, port }) => `${host === "" ? "localhost" : host}:${port}`,
    onFailure: ({ message }) => quit(`✗ klamm.metrics.listener: ${message}`, failed)
  })

/** Runs until it is stopped or can't go on, then ends the process. */
export const run = (options: Options, beforeExit: () => void): void => {
  keepOptimized()
  const config = configure(options)
  const metrics = metricsAddress(config)
  const live = Layer.mergeAll(options.memory ? DiskMemory.layerMemory : NodeDisk.layer, NodeNetwork.layer)
  const parts = { codecs: makeCodecs({ gzip, zstd }), bus: loadBus, format: formatOf(options, config) }
  const broker = layer(config, parts).pipe(Layer.provide(live))
  const program = Effect.gen(function* () {
    const started = yield* Broker
    const metricsAt = metrics === undefined ? undefined : yield* serveMetrics(metrics, started)
    if (process.send === undefined) process.stdout.write(banner(started, manifest.version, options.memory, metricsAt))
    else process.send(readiness(started))
    settleHeap()
    optimizeSooner()
    return yield* started.failed
  })
  const fiber = Effect.runFork(Effect.provide(program, broker), { scheduler: NodeScheduler.make() })
  const isStopping = onStopSignal(() => Effect.runFork(Fiber.interrupt(fiber)))
  fiber.addObserver((exit) => {
    beforeExit()
    if (Exit.isSuccess(exit)) process.exit(0)
    const stopped = Cause.hasInterruptsOnly(exit.cause)
    if (stopped && isStopping()) process.exit(0)
    quit(`✗ ${stopped ? "the broker has stopped by itself" : describeFailure(exit.cause)}`, failed)
  })
}
