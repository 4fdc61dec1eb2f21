/**
 * Strings to and from UTF-8, tuned for what the protocol carries: short ASCII. Invariant: the result is that of TextEncoder
 * and TextDecoder (a malformed sequence or a lone surrogate becomes U+FFFD, as in Java); only the way there is shorter, and a
 * string that was read before may be the very same one.
 */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const encoder = new TextEncoder()

/** Up to this many bytes a string is read by hand; beyond, the platform's decoder is faster. */
const shortStringBytes = 48

/**
 * Short strings that were read last, each at the place that its bytes give. Requests name the same few topics, groups and clients again
 * and again: one string for each makes no garbage, and a Map finds it without looking at its characters.
 */
const known: Array<string> = new Array<string>(1024).fill("")

const hasCodes = (text: string, bytes: Uint8Array, start: number): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false
  return true
}

/** The string that lies in `bytes` from `start` to `end`. */
export const decode = (bytes: Uint8Array, start: number, end: number): string => {
  const length = end - start
  if (length > shortStringBytes) return decoder.decode(bytes.subarray(start, end))
  // FNV-1a.
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte > 127) return decoder.decode(bytes.subarray(start, end))
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  const place = (hash ^ (hash >>> 15)) & (known.length - 1)
  const before = known[place]!
  if (before.length === length && hasCodes(before, bytes, start)) return before
  // Not spread: that goes through an iterator, and takes three times as long.
  const text: string = Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, end))
  known[place] = text
  return text
}

const isLowSurrogate = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00

/** Bytes that the string takes in UTF-8. */
export const byteLength = (text: string): number => {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1
    const pair = code >= 0xd800 && code <= 0xdbff && isLowSurrogate(text, at + 1)
    // A surrogate pair takes four bytes: three are counted for its first half, one stays for the second.
    if (pair) at++
  }
  return bytes
}

/** Writes the string at `offset`; the caller has made room for `byteLength` bytes. */
export const encode = (text: string, bytes: Uint8Array, offset: number): void => {
  encoder.encodeInto(text, offset === 0 ? bytes : bytes.subarray(offset))
}
