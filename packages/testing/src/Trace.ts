/**
 * What happened in a world, like a score: one line per event, a column per machine. Invariant: keeps the last lines only, so that a
 * trace that nobody reads costs no memory.
 */
import { DiskError } from "@klamm/platform/Disk"
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"
import type { LogLevel } from "effect/LogLevel"

/** Lines kept when they are not printed at once. */
const keptLines = 20_000
const columnWidth = 34
const timeWidth = 11

/** One event: when, in ms of the world, on which machine, and what. */
export interface Line {
  readonly atMs: number
  readonly column: string
  readonly event: string
}

/** The events of a world, the last of them kept. */
export class Trace {
  private readonly columns: ReadonlyArray<string>
  private lines: Array<Line> = []

  constructor(columns: ReadonlyArray<string>) {
    this.columns = columns
  }

  add(atMs: number, column: string, event: string): void {
    this.lines.push({ atMs, column, event })
    if (this.lines.length > 2 * keptLines) this.lines = this.lines.slice(-keptLines)
  }

  get header(): string {
    return `${"ms".padStart(timeWidth)}  ${this.columns.map((name) => name.padEnd(columnWidth)).join("")}`
  }

  print({ atMs, column, event }: Line): string {
    const at = Math.max(0, this.columns.indexOf(column))
    const name = this.columns.includes(column) ? "" : `${column}: `
    const indent = " ".repeat(at * columnWidth)
    return `${atMs.toFixed(3).padStart(timeWidth)}  ${indent}${name}${event.replaceAll("\n", "\n".padEnd(timeWidth + 3))}`
  }

  get all(): ReadonlyArray<Line> {
    return [...this.lines]
  }

  get printed(): ReadonlyArray<string> {
    return [this.header, ...this.lines.map((line) => this.print(line))]
  }
}

export interface LogLine {
  readonly level: LogLevel
  readonly text: string
  /** Something died, which is never an answer to input. */
  readonly isDefect: boolean
}

const messageOf = (message: unknown): string => {
  if (Array.isArray(message)) return message.map(messageOf).join(" ")
  if (Cause.isCause(message)) return Cause.pretty(message)
  if (message instanceof Error) return message.message
  return typeof message === "string" ? message : JSON.stringify(message)
}

/** Something died of something else than its disk, whose errors stop a node for good. */
export const isBug = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => Cause.isDieReason(reason) && !(reason.defect instanceof DiskError))

const hasDefect = (message: unknown, cause: Cause.Cause<unknown>): boolean => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  return isBug(cause) || parts.some((part) => Cause.isCause(part) && isBug(part))
}

export const makeLogger = (write: (line: LogLine) => void): Logger.Logger<unknown, void> =>
  Logger.make(({ message, logLevel, cause }) => {
    const causeText = cause.reasons.length === 0 ? "" : ` ${Cause.pretty(cause)}`
    write({ level: logLevel, text: `${messageOf(message)}${causeText}`, isDefect: hasDefect(message, cause) })
  })
