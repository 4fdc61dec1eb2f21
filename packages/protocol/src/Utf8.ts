/**
 * Strings to and from UTF-8, tuned for what the protocol carries: short ASCII. Invariant: the result is that of TextEncoder
 * and TextDecoder (a malformed sequence or a lone surrogate becomes U+FFFD, as in Java); only the way there is shorter.
 */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const encoder = new TextEncoder()

/** Up to this many bytes a string is read by hand; beyond, the platform's decoder is faster. */
const shortStringBytes = 48

/** The string that lies in `bytes` from `start` to `end`. */
export const decode = (bytes: Uint8Array, start: number, end: number): string => {
  if (end - start > shortStringBytes) return decoder.decode(bytes.subarray(start, end))
  let text = ""
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte > 127) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
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
