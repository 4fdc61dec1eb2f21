/**
 * Bytes as the protocol sees them: `Reader` takes them apart, `Writer` puts them together, `MalformedBytes` says that they
 * are not what they should be. This is the door to all three.
 */
export { MalformedBytes } from "./Malformed.ts"
export { Reader } from "./Reader.ts"
export { Writer, written } from "./Writer.ts"
