/**
 * The four codecs as a producer would use them: gzip and zstd from Node, snappy (both framings) and lz4 frames with nothing
 * but literals, which every decoder must take. Invariant: the output is valid for its codec. Neighbours: Batches.ts.
 */
import { gzipSync, zstdCompressSync } from "node:zlib"
import { Writer } from "@klamm/protocol/Bytes"
import { concat } from "./Batches.ts"

export const GZIP = 1
export const SNAPPY = 2
export const LZ4 = 3
export const ZSTD = 4

const SNAPPY_LITERAL_BYTES = 60

/** A snappy block: its length, then literals of at most 60 bytes. */
export const snappyBlock = (bytes: Uint8Array): Uint8Array => {
  const writer = new Writer()
  writer.uvarint(bytes.length)
  for (let from = 0; from < bytes.length; from += SNAPPY_LITERAL_BYTES) {
    const literal = bytes.subarray(from, from + SNAPPY_LITERAL_BYTES)
    writer.int8((literal.length - 1) << 2)
    writer.view(literal)
  }
  return writer.toBytes()
}

const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00)

/** The framing that the Java client writes: a magic, two versions, then blocks behind their lengths. */
export const xerialSnappy = (bytes: Uint8Array): Uint8Array => {
  const block = snappyBlock(bytes)
  const writer = new Writer()
  writer.view(XERIAL_MAGIC)
  writer.int32(1)
  writer.int32(1)
  writer.int32(block.length)
  writer.view(block)
  return writer.toBytes()
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
const PRIME_2 = 2246822519
const PRIME_3 = 3266489917
const PRIME_4 = 668265263
const PRIME_5 = 374761393

/** xxHash32, seed 0, for inputs under 16 bytes: all that a frame descriptor needs. */
const shortXxh32 = (bytes: Uint8Array): number => {
  let hash = (PRIME_5 + bytes.length) >>> 0
  let at = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), PRIME_3)) | 0, 17), PRIME_4)
  }
  for (; at < bytes.length; at++) hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), 2654435761)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** An lz4 frame with one uncompressed block (FLG 0x60, blocks of 64 KiB). */
export const lz4Frame = (bytes: Uint8Array): Uint8Array => {
  const descriptor = Uint8Array.of(0x60, 0x40)
  const length = (size: number): Uint8Array =>
    Uint8Array.of(size & 255, (size >>> 8) & 255, (size >>> 16) & 255, (size >>> 24) & 255)
  const UNCOMPRESSED = 0x80000000
  return concat(
    Uint8Array.of(0x04, 0x22, 0x4d, 0x18),
    descriptor,
    Uint8Array.of((shortXxh32(descriptor) >>> 8) & 255),
    length((bytes.length | UNCOMPRESSED) >>> 0),
    bytes,
    length(0)
  )
}

export const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes))
export const zstd = (bytes: Uint8Array): Uint8Array => new Uint8Array(zstdCompressSync(bytes))
