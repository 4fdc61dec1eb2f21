import { describe, expect, it } from "vitest"
import { headOf, parsed } from "./CommandLine.ts"

const options = { seconds: { type: "string", default: "60" }, live: { type: "boolean", default: false } } as const

const parse = (...args: ReadonlyArray<string>) => parsed(args, options, ["seconds"])

describe("the command line of a suite", () => {
  it("is understood, with or without the mark of a package manager", () => {
    const values = { seconds: "5", live: true }
    expect(parse("--seconds", "5", "--live")).toMatchObject({ _tag: "Options", values })
    expect(parse("--", "--live", "--seconds=5")).toMatchObject({ _tag: "Options", values })
    expect(parse()).toMatchObject({ _tag: "Options", values: { seconds: "60", live: false } })
  })

  it("is refused for a word that means nothing, and for a number that is none", () => {
    expect(parse("--second", "5")).toMatchObject({ _tag: "Wrong", reason: expect.stringContaining("--second") })
    expect(parse("more")).toMatchObject({ _tag: "Wrong" })
    for (const text of ["soon", "", "-1"]) {
      expect(parse(`--seconds=${text}`)).toEqual({ _tag: "Wrong", reason: `--seconds is a number, not "${text}"` })
    }
  })

  it("may ask for help, whatever else it says", () => {
    expect(parse("--nonsense", "--help")).toEqual({ _tag: "Help" })
    expect(parse("-h")).toEqual({ _tag: "Help" })
  })

  it("is explained by the comment at the head of the program", () => {
    const source = '/**\n * `pnpm x`: tries it.\n *\n *   --seconds N   how long\n */\nimport "./x.ts"\n/** More. */\n'
    expect(headOf(source)).toBe("`pnpm x`: tries it.\n\n  --seconds N   how long")
  })
})
