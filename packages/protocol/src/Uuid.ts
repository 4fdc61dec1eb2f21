/**
 * Kafka's uuid: 16 bytes on the wire, 22 characters of unpadded base64url in memory (Kafka's Uuid.toString), so that ids are
 * values that compare, print and key a Map. Invariant: one id has one string; the four unused bits of the last character
 * are zero.
 */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const uuidBytes = 16
const uuidCharacters = 22

const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
const values = new Uint8Array(128).fill(255)
codes.forEach((code, value) => {
  values[code] = value
})

/** The id that stands for none: 16 zero bytes. */
export const ZERO = "AAAAAAAAAAAAAAAAAAAAAA"

const scratch = new Array<number>(uuidCharacters).fill(0)

const printed = (bytes: Uint8Array, offset: number): string => {
  let to = 0
  for (let from = offset; from < offset + uuidBytes - 1; from += 3) {
    const three = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!
    scratch[to++] = codes[three >>> 18]!
    scratch[to++] = codes[(three >>> 12) & 63]!
    scratch[to++] = codes[(three >>> 6) & 63]!
    scratch[to++] = codes[three & 63]!
  }
  const last = bytes[offset + uuidBytes - 1]!
  scratch[to++] = codes[last >>> 2]!
  scratch[to] = codes[(last & 3) << 4]!
  return String.fromCharCode.apply(null, scratch)
}

/** Ids that were read last, each at the place that its bytes give, for the reason that `Utf8.ts` gives. */
const knownIds: Array<string> = new Array<string>(1024).fill(ZERO)
const knownBytes = new Uint8Array(knownIds.length * uuidBytes)

const placeOf = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset + 1]! << 8) ^ (bytes[offset + 8]! << 4) ^ bytes[offset + 15]!) & (knownIds.length - 1)

/** The id whose 16 bytes start at `offset`; the caller has checked that they are there. */
export const fromBytes = (bytes: Uint8Array, offset = 0): string => {
  const place = placeOf(bytes, offset)
  const from = place * uuidBytes
  let same = 0
  while (same < uuidBytes && knownBytes[from + same] === bytes[offset + same]) same++
  if (same === uuidBytes) return knownIds[place]!
  const id = printed(bytes, offset)
  for (let at = 0; at < uuidBytes; at++) knownBytes[from + at] = bytes[offset + at]!
  knownIds[place] = id
  return id
}

/** The six bits of a character; for one outside the alphabet a number above 63. */
const valueAt = (uuid: string, at: number): number => {
  const code = uuid.charCodeAt(at)
  return code < 128 ? values[code]! : 255
}

/** Writes 16 bytes and answers whether the text was that of an id. */
const parse = (text: string, bytes: Uint8Array, offset: number): boolean => {
  let to = offset
  let seen = 0
  for (let from = 0; from < uuidCharacters - 2; from += 4) {
    const first = valueAt(text, from)
    const second = valueAt(text, from + 1)
    const third = valueAt(text, from + 2)
    const fourth = valueAt(text, from + 3)
    seen |= first | second | third | fourth
    const three = (first << 18) | (second << 12) | (third << 6) | fourth
    bytes[to++] = three >>> 16
    bytes[to++] = three >>> 8
    bytes[to++] = three
  }
  const last = valueAt(text, uuidCharacters - 1)
  const beforeLast = valueAt(text, uuidCharacters - 2)
  bytes[to] = (beforeLast << 2) | (last >>> 4)
  return text.length === uuidCharacters && (seen | beforeLast | last) < 64 && (last & 15) === 0
}

const discarded = new Uint8Array(uuidBytes)

/** True for a string that `fromBytes` could have made. */
export const isUuid = (text: string): boolean => parse(text, discarded, 0)

/** Writes the 16 bytes of an id at `offset`. Throws RangeError for a string that is no id: callers hold proven ones. */
export const toBytes = (uuid: string, bytes: Uint8Array, offset = 0): void => {
  if (!parse(uuid, bytes, offset)) throw new RangeError(`not a uuid: ${uuid}`)
}
