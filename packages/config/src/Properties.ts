/**
 * Reads a server.properties file, in the format of Java's `Properties.load`: comments with # or !, a key ended by =, : or
 * white space, lines continued by a backslash, and the escapes \t \n \r \f \uXXXX. Invariant: every property knows the
 * line and column of its key and of its value, also across continued lines. Neighbours: Layers.ts turns the result into a
 * layer of the configuration.
 */

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

export interface Property {
  readonly key: string
  readonly value: string
  readonly keyAt: Position
  readonly valueAt: Position
}

export interface PropertiesError {
  readonly reason: string
  readonly at: Position
}

export interface Properties {
  /** In the order of the file; of a repeated key the last counts. */
  readonly properties: ReadonlyArray<Property>
  readonly errors: ReadonlyArray<PropertiesError>
}

/** One character of a logical line, with where it stood. */
interface Placed {
  readonly char: string
  readonly at: Position
}

const isBlank = (char: string | undefined): boolean => char === " " || char === "\t" || char === "\f"
const isTerminator = (char: string): boolean => char === "=" || char === ":"

/** Whether the line ends in an odd number of backslashes, that is, goes on in the next one. */
const isContinued = (line: string): boolean => {
  let backslashes = 0
  while (backslashes < line.length && line[line.length - 1 - backslashes] === "\\") backslashes++
  return backslashes % 2 === 1
}

const firstNonBlank = (line: string): number => {
  let start = 0
  while (start < line.length && isBlank(line[start])) start++
  return start
}

const place = (line: string, lineNumber: number, from: number, to: number): ReadonlyArray<Placed> => {
  const placed: Array<Placed> = []
  for (let index = from; index < to; index++) {
    placed.push({ char: line[index]!, at: { line: lineNumber, column: index + 1 } })
  }
  return placed
}

/** Joins natural lines into logical ones; comments, blank lines and lines of one backslash alone say nothing. */
const logicalLines = (text: string): ReadonlyArray<ReadonlyArray<Placed>> => {
  const natural = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)
  const logical: Array<ReadonlyArray<Placed>> = []
  let open: Array<Placed> | null = null
  for (const [index, line] of natural.entries()) {
    const start = firstNonBlank(line)
    const begins = open === null || open.length === 0
    if (begins && (start === line.length || line[start] === "#" || line[start] === "!")) continue
    const continued = isContinued(line)
    const placed = place(line, index + 1, start, continued ? line.length - 1 : line.length)
    open = open === null ? [...placed] : [...open, ...placed]
    if (continued) continue
    logical.push(open)
    open = null
  }
  if (open !== null) logical.push(open)
  return logical
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" }

/** Resolves the escapes of a part of a logical line. */
const resolveEscapes = (placed: ReadonlyArray<Placed>, errors: Array<PropertiesError>): string => {
  let text = ""
  for (let index = 0; index < placed.length; index++) {
    const { char, at } = placed[index]!
    if (char !== "\\") {
      text += char
      continue
    }
    const escaped = placed[++index]?.char
    if (escaped !== "u") {
      text += escaped === undefined ? "" : (ESCAPES[escaped] ?? escaped)
      continue
    }
    const digits = placed
      .slice(index + 1, index + 5)
      .map((each) => each.char)
      .join("")
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      errors.push({ reason: `malformed escape "\\u${digits}": four hexadecimal digits expected`, at })
      continue
    }
    text += String.fromCharCode(Number.parseInt(digits, 16))
    index += 4
  }
  return text
}

/** Where the key ends: at the first separator that no backslash precedes. */
const keyEnd = (placed: ReadonlyArray<Placed>): number => {
  let index = 0
  while (index < placed.length) {
    const { char } = placed[index]!
    if (char === "\\") index += 2
    else if (isBlank(char) || isTerminator(char)) return index
    else index += 1
  }
  return placed.length
}

const skipBlanks = (placed: ReadonlyArray<Placed>, from: number): number => {
  let index = from
  while (isBlank(placed[index]?.char)) index++
  return index
}

/** A property with a malformed escape is left out: only its error is told. */
const propertyOf = (placed: ReadonlyArray<Placed>, errors: Array<PropertiesError>): ReadonlyArray<Property> => {
  const errorsBefore = errors.length
  const end = keyEnd(placed)
  let start = skipBlanks(placed, end)
  const separator = placed[start]?.char
  if (separator !== undefined && isTerminator(separator)) start = skipBlanks(placed, start + 1)
  const keyAt = placed[0]!.at
  const last = placed[placed.length - 1]!.at
  const property = {
    key: resolveEscapes(placed.slice(0, end), errors),
    value: resolveEscapes(placed.slice(start), errors),
    keyAt,
    valueAt: placed[start]?.at ?? { line: last.line, column: last.column + 1 }
  }
  return errors.length === errorsBefore ? [property] : []
}

/** Never fails as a whole: what could be read is returned beside what could not. */
export const parseProperties = (text: string): Properties => {
  const errors: Array<PropertiesError> = []
  const properties = logicalLines(text)
    .filter((placed) => placed.length > 0)
    .flatMap((placed) => propertyOf(placed, errors))
  return { properties, errors }
}
