/**
 * The WebAssembly half of CRC-32C: the arena's memory and the module that reads it. Invariant: the memory is made once, with
 * its final size, and never grows, for growing would detach every view of it. The module text is built by
 * `scripts/build-crc32c.ts`, where the mathematics is explained; `module.ts` is what it printed.
 */
import { moduleBase64, tablesAt } from "./module.ts"
import { tables } from "./Slicing.ts"

const pageBytes = 65_536

/** The part of the WebAssembly interface used here; protocol compiles without the browser's or Node's type libraries. */
interface WebAssemblyHost {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
  readonly validate: (bytes: Uint8Array) => boolean
}

export interface Kernel {
  /** All of the arena's memory. */
  readonly buffer: ArrayBuffer
  /** Continues checksum `initial` over `length` bytes at `position` of the memory; signed. Undefined without WebAssembly SIMD. */
  readonly checksum: ((initial: number, position: number, length: number) => number) | undefined
}

const hostOf = (world: { readonly WebAssembly?: WebAssemblyHost }): WebAssemblyHost | undefined => world.WebAssembly

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** Base64 to bytes. Not `atob`: its first call in a Node process costs 6 ms, all the rest of this file less than one. */
const moduleBytes = (): Uint8Array => {
  const text = moduleBase64.replaceAll("=", "")
  const bytes = new Uint8Array((text.length * 6) >> 3)
  let bits = 0
  let held = 0
  let at = 0
  for (const character of text) {
    held = ((held << 6) | base64Alphabet.indexOf(character)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at] = held >> bits
    at += 1
  }
  return bytes
}

const isChecksum = (value: unknown): value is NonNullable<Kernel["checksum"]> => typeof value === "function"

/** Reserves `sizeBytes` (rounded up to WebAssembly pages) of zeroed memory and sets the module up in it. */
export const makeKernel = (sizeBytes: number): Kernel => {
  const pages = Math.ceil(sizeBytes / pageBytes)
  const host = hostOf(globalThis as { readonly WebAssembly?: WebAssemblyHost })
  if (host === undefined) return { buffer: new ArrayBuffer(pages * pageBytes), checksum: undefined }
  const memory = new host.Memory({ initial: pages, maximum: pages })
  const bytes = moduleBytes()
  if (!host.validate(bytes)) return { buffer: memory.buffer, checksum: undefined }
  const slicing = tables()
  new Int32Array(memory.buffer, tablesAt, slicing.length).set(slicing)
  const { exports } = new host.Instance(new host.Module(bytes), { arena: { memory } })
  const checksum = "checksum" in exports ? exports.checksum : undefined
  return { buffer: memory.buffer, checksum: isChecksum(checksum) ? checksum : undefined }
}
