/**
 * Digests by Node's own crypto, for SCRAM: hash, keyed hash and salted iterations, and chance that nobody can guess. Plain functions, as
 * they depend on nothing; `secret` alone differs from run to run, so nothing that is to repeat may hang on it.
 */
import * as crypto from "node:crypto"

export type DigestName = "sha256" | "sha512"

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const hash = (name: DigestName, bytes: Uint8Array): Uint8Array =>
  plain(crypto.createHash(name).update(bytes).digest())

export const hmac = (name: DigestName, key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  plain(crypto.createHmac(name, key).update(bytes).digest())

const lengths = { sha256: 32, sha512: 64 }

/** PBKDF2 with as many bytes as the hash has: `Hi` of RFC 5802. */
export const iterate = (name: DigestName, password: Uint8Array, salt: Uint8Array, iterations: number): Uint8Array =>
  plain(crypto.pbkdf2Sync(password, salt, iterations, lengths[name], name))

/** Text of `bytes` bytes of chance, in base64url. */
export const secret = (bytes: number): string => crypto.randomBytes(bytes).toString("base64url")
