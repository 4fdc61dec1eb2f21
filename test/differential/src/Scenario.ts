/**
 * A scenario as data: which versions of which API it is about, and the steps that are sent to one broker, in order, for
 * each of those versions. Invariant: all that a step needs to know of earlier answers is in the Context; a scenario makes
 * its own topics and groups, so that many may run beside one another unless it says `alone`. Neighbours: Run.ts, scenarios/.
 */
import type { Raw, Struct } from "./Value.ts"

/** Names and captured values of one scenario at one version against one broker. */
export interface Context {
  readonly version: number
  /** The name, unlike any other scenario's, that stands for a topic, a group or a client here. */
  readonly name: (alias: string) => string
  /** The captured value; a scenario that asks for what was never captured is wrong. */
  readonly number: (what: string) => number
  readonly text: (what: string) => string
  readonly keep: (what: string, value: number | string) => void
  /** The topic's id as it was answered on creation. */
  readonly topicId: (alias: string) => string
  /** The id of the broker that is asked. */
  readonly nodeId: number
}

/** The moment that all timestamps in records count from, ms since 1970: the same for both brokers. */
export const NOW_MS = Math.floor(Date.now() / 1000) * 1000

export interface Ask {
  readonly kind: "ask"
  readonly name: string
  readonly api: number
  /** Another version than the scenario's. */
  readonly version?: number
  /** Which of the scenario's connections; its name is also the client id. */
  readonly on?: string
  readonly request: (context: Context) => Struct | Raw
  /** Asked again, for a while, until this holds: admin changes take a moment to be seen. */
  readonly until?: (answer: Struct) => boolean
  readonly note?: (answer: Struct, context: Context) => void
  readonly withinMs?: number
  /** Compares whether the answer came at once or only after (about) this time. */
  readonly waitsMs?: number
  /** Does not wait for the answer: a later `take` of this name does. */
  readonly hold?: true
  /** Prepares only: its answer is not compared, but `until` has to come true. */
  readonly setup?: true
  /** The table's version that the request is written by, when `version` is one that no table has. */
  readonly writeAs?: number
  /** The version of the answer, when it is not that of the request. */
  readonly answerVersion?: number
  /** Compares only whether an answer came, not what is in it. */
  readonly outcomeOnly?: true
  /** Instead of the next one. */
  readonly correlationId?: number
  /** Instead of the connection's name. */
  readonly clientId?: string | null
  /** Tagged fields of the header, by tag. */
  readonly headerTags?: ReadonlyArray<readonly [number, Uint8Array]>
  /** Changes the whole frame body (header and request) before it goes out. */
  readonly mangle?: (frame: Uint8Array) => Uint8Array
}

export interface Take {
  readonly kind: "take"
  readonly name: string
  readonly withinMs?: number
  readonly note?: (answer: Struct, context: Context) => void
}

/** Bytes of any kind, and what becomes of the connection. */
export interface Throw {
  readonly kind: "throw"
  readonly name: string
  readonly on?: string
  readonly bytes: (context: Context) => Uint8Array
  readonly withinMs?: number
}

export interface Pause {
  readonly kind: "pause"
  readonly ms: number
}

export interface Hangup {
  readonly kind: "hangup"
  readonly on: string
}

export type Step = Ask | Take | Throw | Pause | Hangup

export interface Scenario {
  /** `area.subject`: the first part of the names of its differences. */
  readonly name: string
  /** The API whose versions it runs through. */
  readonly api: number
  readonly versions: readonly [number, number]
  /** True when it looks at what all scenarios share: such run first, one at a time, in the order of the list. */
  readonly alone?: true
  readonly steps: (version: number) => ReadonlyArray<Step>
}

type AskOptions = Omit<Ask, "kind" | "name" | "api" | "request">

export const ask = (
  name: string,
  api: number,
  request: Struct | Raw | ((context: Context) => Struct | Raw),
  options: AskOptions = {}
): Ask => ({
  kind: "ask",
  name,
  api,
  request: typeof request === "function" ? request : () => request,
  ...options
})

export const take = (name: string, options: Omit<Take, "kind" | "name"> = {}): Take => ({
  kind: "take",
  name,
  ...options
})
export const pause = (ms: number): Pause => ({ kind: "pause", ms })
export const hangup = (on: string): Hangup => ({ kind: "hangup", on })

export const scenario = (
  name: string,
  api: number,
  versions: readonly [number, number],
  steps: (version: number) => ReadonlyArray<Step>
): Scenario => ({ name, api, versions, steps })

export const alone = (one: Scenario): Scenario => ({ ...one, alone: true })
