/**
 * The configuration of the node that a command is about, read as the broker reads it: its file over the preset of a development node,
 * the environment over both. Neighbour: apps/broker/src/Daemon.ts.
 */
import { readFileSync } from "node:fs"
import { resolve, type StaticConfig } from "@klamm/config/BrokerConfig"
import {
  developmentPreset,
  environmentLayer,
  fileLayer,
  keepControllerListener,
  presetLayer
} from "@klamm/config/Layers"
import { printProblem } from "@klamm/config/Problem"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type CommandFailed, failed } from "./CommandFailed.ts"

export const read = (path: string): Effect.Effect<StaticConfig, CommandFailed> =>
  Effect.gen(function* () {
    const text = yield* Effect.try({
      try: () => readFileSync(path, "utf8"),
      catch: (error) => failed(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
    })
    const layers = keepControllerListener([
      presetLayer(developmentPreset()),
      fileLayer(path, text),
      environmentLayer(process.env)
    ])
    const resolved = resolve(layers)
    if (Result.isSuccess(resolved)) return resolved.success
    return yield* Effect.fail(failed(resolved.failure.map(printProblem).join("\n")))
  })
