/**
 * Where a configuration value came from, and what can be wrong with it. Problems are plain tagged data, collected rather
 * than thrown, so that a start shows all of them at once. Invariant: a printed problem never shows a password. Neighbours:
 * Layers.ts and Properties.ts find some problems, BrokerConfig.ts and Startup.ts the rest.
 */

export type Origin =
  | { readonly _tag: "Default" }
  | { readonly _tag: "Preset" }
  /** Line and column count from 1 and point at the key, or at the value when that is what is wrong. */
  | { readonly _tag: "File"; readonly path: string; readonly line: number; readonly column: number }
  | { readonly _tag: "Environment"; readonly variable: string }
  | { readonly _tag: "CommandLine"; readonly name: string }

export type ConfigProblem =
  /** The text could not be read at all. */
  | { readonly _tag: "Malformed"; readonly reason: string; readonly origin: Origin }
  | { readonly _tag: "UnknownKey"; readonly name: string; readonly nearest: string | null; readonly origin: Origin }
  /** Ill-typed or not allowed; the reason is Kafka's sentence and names key and value. */
  | { readonly _tag: "InvalidValue"; readonly name: string; readonly reason: string; readonly origin: Origin }
  | { readonly _tag: "MissingKey"; readonly name: string }
  /** Values that are right alone and wrong together; the origins are of those that were set. */
  | {
      readonly _tag: "Conflict"
      readonly names: ReadonlyArray<string>
      readonly reason: string
      readonly origins: ReadonlyArray<Origin>
    }

export const printOrigin = (origin: Origin): string => {
  switch (origin._tag) {
    case "Default":
      return "default"
    case "Preset":
      return "development preset"
    case "File":
      return `${origin.path}:${origin.line}:${origin.column}`
    case "Environment":
      return `env ${origin.variable}`
    case "CommandLine":
      return `--set ${origin.name}`
  }
}

const printOrigins = (origins: ReadonlyArray<Origin>): string => {
  const places = [...new Set(origins.filter((each) => each._tag !== "Default").map(printOrigin))]
  return places.length === 0 ? "" : ` (${places.join(", ")})`
}

/** One line for people. */
export const printProblem = (problem: ConfigProblem): string => {
  switch (problem._tag) {
    case "Malformed":
      return `${problem.reason} (${printOrigin(problem.origin)})`
    case "UnknownKey": {
      const hint = problem.nearest === null ? "" : ` — did you mean ${problem.nearest}?`
      return `unknown property "${problem.name}" (${printOrigin(problem.origin)})${hint}`
    }
    case "InvalidValue":
      return `${problem.reason} (${printOrigin(problem.origin)})`
    case "MissingKey":
      return `missing required property "${problem.name}", which has no default value`
    case "Conflict":
      return `${problem.reason}${printOrigins(problem.origins)}`
  }
}
