/**
 * The command line of a suite's `main.ts`. Invariant: every word is understood, or refused in one sentence with exit code 2 before anything
 * has begun; the help is the comment at the head of the file, so that there is one text of both.
 */
import { readFileSync } from "node:fs"
import { type ParseArgsOptionsConfig, parseArgs } from "node:util"

const wrongUsage = 2

/** The first comment of a source file, without its stars. */
export const headOf = (source: string): string => {
  const comment = source.slice(source.indexOf("/**") + 3, source.indexOf("*/"))
  return comment.replace(/^ \* ?/gm, "").trim()
}

const isNumber = (text: unknown): boolean => text === undefined || (text !== "" && Number(text) >= 0)

const parse = <const Options extends ParseArgsOptionsConfig>(args: Array<string>, options: Options) =>
  parseArgs({ args, options }).values

export type Parsed<Values> =
  | { readonly _tag: "Options"; readonly values: Values }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Wrong"; readonly reason: string }

/** `numbers` are those of the options that are numbers, from 0. A `--` that a package manager hands on means nothing. */
export const parsed = <const Options extends ParseArgsOptionsConfig>(
  given: ReadonlyArray<string>,
  options: Options,
  numbers: ReadonlyArray<keyof Options & string>
): Parsed<ReturnType<typeof parse<Options>>> => {
  const args = given.filter((argument) => argument !== "--")
  if (args.includes("--help") || args.includes("-h")) return { _tag: "Help" }
  try {
    const values = parse(args, options)
    const told = new Map<string, unknown>(Object.entries(values))
    const wrong = numbers.find((name) => !isNumber(told.get(name)))
    if (wrong === undefined) return { _tag: "Options", values }
    return { _tag: "Wrong", reason: `--${wrong} is a number, not "${String(told.get(wrong))}"` }
  } catch (error) {
    if (error instanceof TypeError) return { _tag: "Wrong", reason: error.message }
    throw error
  }
}

/** Ends the process with what is wrong and the help of its program. */
export const refuse = (file: string, reason: string): never => {
  console.error(`✗ ${reason}\n\n${headOf(readFileSync(file, "utf8"))}`)
  process.exit(wrongUsage)
}

/** The options of this process, whose program is `file`; ends it where they are wrong or help is asked for. */
export const optionsOf = <const Options extends ParseArgsOptionsConfig>(
  file: string,
  options: Options,
  numbers: ReadonlyArray<keyof Options & string> = []
): ReturnType<typeof parse<Options>> => {
  const found = parsed(process.argv.slice(2), options, numbers)
  if (found._tag === "Options") return found.values
  if (found._tag === "Wrong") return refuse(file, found.reason)
  console.log(headOf(readFileSync(file, "utf8")))
  process.exit(0)
}
