import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { DOUBLE_MAX, INT_MAX, LONG_MAX, parseText, printDouble, printValue } from "../src/Type.ts"

const read = (type: Parameters<typeof parseText>[0], text: string) => Result.getOrThrow(parseText(type, text))
const refusal = (type: Parameters<typeof parseText>[0], text: string) =>
  Result.getOrThrow(Result.flip(parseText(type, text)))

describe("reading values from text", () => {
  it("trims and ignores case in booleans, and takes nothing else for one", () => {
    expect(read("boolean", " TRUE ")).toEqual({ value: true, text: "true" })
    expect(read("boolean", "False")).toEqual({ value: false, text: "false" })
    expect(refusal("boolean", "yes")).toBe("Expected value to be either true or false")
    expect(refusal("boolean", "")).toBe("Expected value to be either true or false")
  })

  it("keeps whole numbers within the range of their Java type", () => {
    expect(read("short", "32767").value).toBe(32767)
    expect(refusal("short", "32768")).toBe("Not a number of type SHORT")
    expect(read("int", " +2147483647 ")).toEqual({ value: INT_MAX, text: "2147483647" })
    expect(read("int", "-2147483648").value).toBe(-2147483648)
    expect(refusal("int", "2147483648")).toBe("Not a number of type INT")
    expect(refusal("long", "9223372036854775808")).toBe("Not a number of type LONG")
    for (const text of ["", "1.0", "0x10", "1_000", "12L", "1e3", "--1"]) {
      expect(refusal("int", text)).toBe("Not a number of type INT")
    }
  })

  it("prints a long exactly although the number is rounded", () => {
    expect(read("long", "9223372036854775807")).toEqual({ value: LONG_MAX, text: "9223372036854775807" })
    expect(read("long", "9007199254740993").text).toBe("9007199254740993")
    expect(read("long", "-9223372036854775808").text).toBe("-9223372036854775808")
    expect(printValue("long", LONG_MAX)).toBe("9223372036854775807")
    expect(printValue("long", -1)).toBe("-1")
  })

  it("reads doubles as Java does and prints them as Java does", () => {
    expect(read("double", "1e-1")).toEqual({ value: 0.1, text: "0.1" })
    expect(read("double", "0.5d").value).toBe(0.5)
    expect(read("double", "100").text).toBe("100.0")
    expect(refusal("double", "abc")).toBe("Not a number of type DOUBLE")
    expect(refusal("double", ".")).toBe("Not a number of type DOUBLE")
    const printed: ReadonlyArray<readonly [number, string]> = [
      [0.001, "0.001"],
      [0.0001, "1.0E-4"],
      [1e7, "1.0E7"],
      [9_999_999, "9999999.0"],
      [1.5e10, "1.5E10"],
      [-3.25e-7, "-3.25E-7"],
      [DOUBLE_MAX, "1.7976931348623157E308"],
      [0, "0.0"],
      [INT_MAX, "2.147483647E9"],
      [1e21, "1.0E21"]
    ]
    for (const [value, text] of printed) expect(printDouble(value)).toBe(text)
  })

  it("splits lists at commas with the white space around them", () => {
    expect(read("list", " a , b,c ")).toEqual({ value: ["a", "b", "c"], text: "a,b,c" })
    expect(read("list", "  ")).toEqual({ value: [], text: "" })
    expect(read("list", "a,").value).toEqual(["a", ""])
  })

  it("keeps a password out of its text and out of what is printed", () => {
    const { value, text } = read("password", " secret ")
    expect(text).toBeNull()
    expect(String(value)).not.toContain("secret")
    expect(Redacted.isRedacted(value) && Redacted.value(value)).toBe("secret")
    expect(printValue("password", value)).toBeNull()
  })
})
