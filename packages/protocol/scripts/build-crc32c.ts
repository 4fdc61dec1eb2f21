/**
 * Builds the WebAssembly module behind `src/Crc32c.ts` and writes it, as base64, to `src/crc32c/module.ts`. Run it after any
 * change here: `node packages/protocol/scripts/build-crc32c.ts`; a test compares the file with what this script makes.
 *
 * The mathematics. A message is a polynomial over GF(2), first bit highest, and its CRC is the remainder of that polynomial
 * modulo P = x^32 + … of degree 32. Adding any multiple of P to the message leaves the remainder as it is. WebAssembly has no
 * carry-less multiplication, so instead of multiplying by constants we pick multiples of P that are nearly all zeros:
 *
 *     Q = y^D + y^(D-t1) + y^(D-t2) + … + 1,   y = x^128,   D the largest tap
 *
 * One step of y is one 16-byte unit of the message. Adding u·Q, shifted so that y^D meets the unit with value u, cancels that
 * unit and adds u to the units t1, t2, …, D further on: whole 16-byte words, XORed, without any shifting. Going through the
 * message from the front, the value of unit i once everything before it has been cancelled is
 *
 *     v[i] = m[i] + v[i-t1] + v[i-t2] + … + v[i-D]
 *
 * and after cancelling all but the last D units only those D remain, with what was added to them: a message of D units with
 * the same remainder. No tap is below the group size, so the units of a group do not depend on each other and the loads run
 * in parallel. The first stage has few taps but a long tail (209 units), the second more taps and a shorter tail (79 units);
 * what is left is looked up in tables, sixteen bytes a step. Short inputs skip the stages that would not pay.
 *
 * CRC-32C is defined on reversed bits. That changes which end of a byte is called high, not the order of bytes nor any of the
 * above; the running remainder of what came before is added to the first four bytes of the message.
 */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import wabt from "wabt"
import { reversedPolynomial } from "../src/crc32c/Slicing.ts"

const unitBytes = 16

interface Stage {
  readonly name: string
  /** Distances t1 … D, in units, ascending. */
  readonly taps: ReadonlyArray<number>
  /** Units computed side by side; no tap may be smaller. */
  readonly groupUnits: number
  /** Least message for which the stage pays, in bytes (measured). */
  readonly thresholdBytes: number
}

const longStage: Stage = { name: "foldLong", taps: [65, 155, 170, 195, 209], groupUnits: 8, thresholdBytes: 6144 }
const shortStage: Stage = { name: "foldShort", taps: [4, 8, 21, 61, 67, 78, 79], groupUnits: 4, thresholdBytes: 2048 }

/** Units whose values are kept before the last D are moved back to the front of the window: bounds the cache footprint. */
const windowUnits = 1024

const largestTap = (stage: Stage): number => Math.max(...stage.taps)

/** x^exponent modulo P, bits reversed, one degree at a time. */
const timesX = (value: number): number => (value >>> 1) ^ (-(value & 1) & reversedPolynomial)
const powerOfX = (exponent: number): number => {
  let value = 1 << 31
  for (let done = 0; done < exponent; done++) value = timesX(value)
  return value
}

/** Throws unless the stage's Q really is a multiple of P and its groups are independent. */
const assertStage = (stage: Stage): void => {
  const degree = largestTap(stage)
  const sum = stage.taps.reduce((rest, tap) => rest ^ powerOfX(128 * (degree - tap)), powerOfX(128 * degree))
  if (sum !== 0) throw new Error(`${stage.name}: the taps make no multiple of the polynomial`)
  if (stage.taps.some((tap) => tap < stage.groupUnits)) throw new Error(`${stage.name}: a tap lies within a group`)
}

/** Where things lie at the bottom of memory, in bytes. */
const layout = () => {
  let next = 0
  const region = (sizeBytes: number): number => {
    const at = next
    next += Math.ceil(sizeBytes / 64) * 64
    return at
  }
  const stageRegions = (stage: Stage) => ({
    window: region((2 * largestTap(stage) + windowUnits + stage.groupUnits) * unitBytes),
    rest: region((largestTap(stage) + stage.groupUnits) * unitBytes)
  })
  const tablesAt = region(16 * 1024)
  const long = stageRegions(longStage)
  const short = stageRegions(shortStage)
  const scratchBytes = 65_536
  const scratchAt = region(scratchBytes)
  return { tablesAt, long, short, scratchAt, scratchBytes, reservedBytes: Math.ceil(next / 65_536) * 65_536 }
}

/** A balanced tree of XORs, so that the processor may do them side by side. */
const xor = (type: "i32" | "v128", terms: ReadonlyArray<string>): string => {
  if (terms.length === 1) return terms[0]!
  const half = terms.length >> 1
  return `(${type}.xor ${xor(type, terms.slice(0, half))} ${xor(type, terms.slice(half))})`
}

/** The entry of table `table` for byte `byte` of the 64-bit local `word`. */
const lookUp = (word: string, byte: number, table: number, tablesAt: number): string => {
  const byteTimesFour =
    byte === 0
      ? `(i64.shl (local.get $${word}) (i64.const 2))`
      : `(i64.shr_u (local.get $${word}) (i64.const ${byte * 8 - 2}))`
  return `(i32.load offset=${tablesAt + table * 1024} (i32.and (i32.wrap_i64 ${byteTimesFour}) (i32.const 1020)))`
}

const eightBytes = [0, 1, 2, 3, 4, 5, 6, 7]

/** $slice: continues the raw remainder $crc (not inverted) over $length bytes at $at by table look-up. */
const sliceFunction = (tablesAt: number): string => {
  const later = eightBytes.map((byte) => lookUp("second", byte, 7 - byte, tablesAt))
  const earlier = eightBytes.map((byte) => lookUp("first", byte, 15 - byte, tablesAt))
  // The four bytes that hold the remainder are added last: they are the only ones that wait for the step before.
  const sum = `(i32.xor ${xor("i32", [...later, ...earlier.slice(4)])} ${xor("i32", earlier.slice(0, 4))})`
  return `
  (func $slice (param $crc i32) (param $at i32) (param $length i32) (result i32)
    (local $first i64) (local $second i64) (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (block $sixteensDone (loop $sixteens
      (br_if $sixteensDone (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $first (i64.xor (i64.load (local.get $at)) (i64.extend_i32_u (local.get $crc))))
      (local.set $second (i64.load offset=8 (local.get $at)))
      (local.set $crc ${sum})
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $sixteens)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 15))))
    (block $bytesDone (loop $bytes
      (br_if $bytesDone (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $crc (i32.xor (i32.shr_u (local.get $crc) (i32.const 8)) (i32.load offset=${tablesAt} (i32.shl
        (i32.and (i32.xor (local.get $crc) (i32.load8_u (local.get $at))) (i32.const 255)) (i32.const 2)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $bytes)))
    (local.get $crc))`
}

/**
 * The stage's function: folds $units units at $at into its last units, which it writes to the stage's rest region, and
 * returns how many those are. $crc is the raw remainder of what came before. $units must be at least D.
 *
 * $slot walks the window so that v[i-t] lies D-t units above it and v[i] D units above it. When the window is full, its last D
 * values are moved to the front.
 */
const foldFunction = (stage: Stage, at: { readonly window: number; readonly rest: number }): string => {
  const { name, groupUnits } = stage
  const degree = largestTap(stage)
  const group = Array.from({ length: groupUnits }, (_, unit) => unit)
  const tapsFarthestFirst = stage.taps.toSorted((one, other) => other - one)
  const value = (unit: number): string => {
    const message = `(v128.load offset=${unit * unitBytes} (local.get $at))`
    const taps = tapsFarthestFirst.map(
      (tap) => `(v128.load offset=${(degree - tap + unit) * unitBytes} (local.get $slot))`
    )
    return xor("v128", [...taps, unit === 0 ? `(v128.xor (local.get $carry) ${message})` : message])
  }
  const store = (unit: number) => `(v128.store offset=${(degree + unit) * unitBytes} (local.get $slot) ${value(unit)})`
  return `
  (func $${name} (param $crc i32) (param $at i32) (param $units i32) (result i32)
    (local $slot i32) (local $end i32) (local $left i32) (local $now i32) (local $rest i32) (local $carry v128)
    (local.set $carry (i32x4.replace_lane 0 (v128.const i32x4 0 0 0 0) (local.get $crc)))
    (memory.fill (i32.const ${at.window}) (i32.const 0) (i32.const ${degree * unitBytes}))
    (local.set $left (i32.and (i32.sub (local.get $units) (i32.const ${degree})) (i32.const ${-groupUnits})))
    (local.set $units (i32.sub (local.get $units) (local.get $left)))
    (block $cancelled (loop $window
      (br_if $cancelled (i32.eqz (local.get $left)))
      (local.set $now (select (i32.const ${windowUnits}) (local.get $left) (i32.gt_u (local.get $left) (i32.const ${windowUnits}))))
      (local.set $left (i32.sub (local.get $left) (local.get $now)))
      (local.set $slot (i32.const ${at.window}))
      (local.set $end (i32.add (i32.const ${at.window}) (i32.shl (local.get $now) (i32.const 4))))
      (loop $group
        ${group.map(store).join("\n        ")}
        (local.set $carry (v128.const i32x4 0 0 0 0))
        (local.set $slot (i32.add (local.get $slot) (i32.const ${groupUnits * unitBytes})))
        (local.set $at (i32.add (local.get $at) (i32.const ${groupUnits * unitBytes})))
        (br_if $group (i32.lt_u (local.get $slot) (local.get $end))))
      (memory.copy (i32.const ${at.window}) (local.get $slot) (i32.const ${degree * unitBytes}))
      (br $window)))
    (local.set $slot (i32.const ${at.window}))
    (memory.fill (i32.const ${at.window + degree * unitBytes}) (i32.const 0) (i32.const ${(degree + groupUnits) * unitBytes}))
    (local.set $rest (i32.const ${at.rest}))
    (local.set $end (i32.add (i32.const ${at.rest}) (i32.shl (local.get $units) (i32.const 4))))
    (loop $tail
      (v128.store (local.get $rest) ${value(0)})
      (local.set $carry (v128.const i32x4 0 0 0 0))
      (local.set $slot (i32.add (local.get $slot) (i32.const ${unitBytes})))
      (local.set $at (i32.add (local.get $at) (i32.const ${unitBytes})))
      (local.set $rest (i32.add (local.get $rest) (i32.const ${unitBytes})))
      (br_if $tail (i32.lt_u (local.get $rest) (local.get $end))))
    (local.get $units))`
}

/** checksum(initial, at, length): the exported function. Inverts the remainder on the way in and out, as CRC-32C does. */
const checksumFunction = (at: ReturnType<typeof layout>): string => `
  (func (export "checksum") (param $crc i32) (param $at i32) (param $length i32) (result i32)
    (local $units i32) (local $from i32) (local $wholeBytes i32)
    (local.set $crc (i32.xor (local.get $crc) (i32.const -1)))
    (if (i32.lt_u (local.get $length) (i32.const ${shortStage.thresholdBytes})) (then
      (return (i32.xor (call $slice (local.get $crc) (local.get $at) (local.get $length)) (i32.const -1)))))
    (local.set $wholeBytes (i32.and (local.get $length) (i32.const -16)))
    (local.set $units (i32.shr_u (local.get $length) (i32.const 4)))
    (local.set $from (local.get $at))
    (if (i32.ge_u (local.get $length) (i32.const ${longStage.thresholdBytes})) (then
      (local.set $units (call $foldLong (local.get $crc) (local.get $from) (local.get $units)))
      (local.set $from (i32.const ${at.long.rest}))
      (local.set $crc (i32.const 0))))
    (local.set $units (call $foldShort (local.get $crc) (local.get $from) (local.get $units)))
    (local.set $crc (call $slice (i32.const 0) (i32.const ${at.short.rest}) (i32.shl (local.get $units) (i32.const 4))))
    (i32.xor
      (call $slice (local.get $crc)
        (i32.add (local.get $at) (local.get $wholeBytes)) (i32.and (local.get $length) (i32.const 15)))
      (i32.const -1)))`

const moduleText = (at: ReturnType<typeof layout>): string => `(module
  (import "arena" "memory" (memory ${at.reservedBytes / 65_536}))
  ${sliceFunction(at.tablesAt)}
  ${foldFunction(longStage, at.long)}
  ${foldFunction(shortStage, at.short)}
  ${checksumFunction(at)})`

const base64LineCharacters = 100

/** The text of `src/crc32c/module.ts`. */
export const renderModule = async (): Promise<string> => {
  for (const stage of [longStage, shortStage]) assertStage(stage)
  const at = layout()
  const parsed = (await wabt()).parseWat("crc32c.wat", moduleText(at), { simd: true, bulk_memory: true })
  const base64 = Buffer.from(parsed.toBinary({}).buffer).toString("base64")
  const lines = base64.match(new RegExp(`.{1,${base64LineCharacters}}`, "g")) ?? []
  return `/**
 * The WebAssembly module of CRC-32C and where it keeps things at the bottom of the arena, in bytes. Printed by
 * \`scripts/build-crc32c.ts\`; not to be edited by hand.
 */
export const tablesAt = ${at.tablesAt}
export const scratchAt = ${at.scratchAt}
export const scratchBytes = ${at.scratchBytes}
export const reservedBytes = ${at.reservedBytes}

export const moduleBase64 = [
${lines.map((line) => `  "${line}"`).join(",\n")}
].join("")
`
}

/** Where the rendered text belongs. */
export const modulePath = fileURLToPath(new URL("../src/crc32c/module.ts", import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(modulePath, await renderModule())
}
