/**
 * Chance, from Effect's Random, so that a seed repeats a run. Not for secrets: nothing here is hard to guess.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const uuidBytes = 16
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** 16 bytes as 22 characters of base64url, without padding: how Kafka writes a UUID. */
const printUuid = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < uuidBytes; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const digits = Math.min(4, Math.ceil(((uuidBytes - at) * 8) / 6))
    for (let digit = 0; digit < digits; digit++) text += base64url[(group >>> (18 - 6 * digit)) & 63]
  }
  return text
}

/** Version 4 of RFC 9562: 122 bits are chance. */
const drawUuid = (random: (typeof Random.Random)["Service"]): Uint8Array => {
  const bytes = new Uint8Array(uuidBytes)
  for (let at = 0; at < uuidBytes; at++) bytes[at] = Math.floor(random.nextDoubleUnsafe() * 256)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes
}

/** 8, 4, 4, 4 and 12 hexadecimal digits: how Java's UUID prints itself. */
const printHex = (bytes: Uint8Array): string => {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return [0, 8, 12, 16, 20].map((from, index) => digits.slice(from, [8, 12, 16, 20, 32][index])).join("-")
}

/**
 * A random id for a topic, directory, cluster or incarnation: 16 bytes as base64url. It never begins with "-", as Kafka's
 * Uuid.randomUuid promises, because such an id reads like an option on a command line.
 */
export const uuid: Effect.Effect<string> = Effect.map(Random.Random, (random) => {
  let id = printUuid(drawUuid(random))
  while (id.startsWith("-")) id = printUuid(drawUuid(random))
  return id
})

/** The same chance in the digits of RFC 9562, as in the ids of group members. */
export const hexUuid: Effect.Effect<string> = Effect.map(Random.Random, (random) => printHex(drawUuid(random)))

/** A whole number from 0 to `bound` - 1, all alike. */
export const intBelow = (bound: number): Effect.Effect<number> =>
  Effect.map(Random.Random, (random) => Math.floor(random.nextDoubleUnsafe() * bound))

/** `value`, less or more by up to `fraction` of it: what keeps many from coming back at the same moment. */
export const jitter = (value: number, fraction: number): Effect.Effect<number> =>
  Effect.map(Random.Random, (random) => value * (1 + fraction * (2 * random.nextDoubleUnsafe() - 1)))
