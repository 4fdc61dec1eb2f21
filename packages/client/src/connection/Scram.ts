/**
 * SCRAM (RFC 5802) from the client's side, with SHA-256 and SHA-512, without channel binding. Invariants: the password itself never
 * leaves; a server that can't prove that it knows the password's verifier fails the conversation. Neighbour: `Sasl.ts`.
 */
import * as Digest from "@klamm/platform/node/Digest"
import type { Conversation, Turn } from "./Sasl.ts"

/** Below this an attacker in the middle could make the password cheap to guess; RFC 7677 and Kafka ask for it. */
export const minIterations = 4_096
/** So much work may a server ask for, and no more. */
export const maxIterations = 1_000_000

const utf8 = new TextEncoder()
const text = new TextDecoder()

const digests = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512" } as const

/** Attributes of a message: `r=…,s=…`. */
const attributesOf = (message: string): ReadonlyMap<string, string> =>
  new Map(message.split(",").map((each) => [each.slice(0, 1), each.slice(2)]))

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const fromBase64 = (value: string): Uint8Array | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0
    ? Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
    : undefined

const xor = (left: Uint8Array, right: Uint8Array): Uint8Array => left.map((byte, index) => byte ^ (right[index] ?? 0))

const failed = (reason: string): Turn => ({ _tag: "Failed", reason })

export const client = (
  mechanism: keyof typeof digests,
  username: string,
  password: string,
  nonce: string
): Conversation => {
  const digest = digests[mechanism]
  const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C")
  const firstBare = `n=${name},r=${nonce}`
  let serverSignature: string | undefined

  const prove = (challenge: string): Turn => {
    const attributes = attributesOf(challenge)
    const given = attributes.get("r") ?? ""
    const salt = fromBase64(attributes.get("s") ?? "")
    const iterations = Number(attributes.get("i"))
    if (!given.startsWith(nonce) || given.length === nonce.length)
      return failed("the server's nonce is not ours and its own")
    if (salt === undefined || salt.length === 0) return failed("the server sent no salt")
    if (!(iterations >= minIterations && iterations <= maxIterations)) return failed(`${iterations} iterations`)
    const salted = Digest.iterate(digest, utf8.encode(password.normalize("NFKC")), salt, iterations)
    const clientKey = Digest.hmac(digest, salted, utf8.encode("Client Key"))
    const withoutProof = `c=${base64(utf8.encode("n,,"))},r=${given}`
    const authMessage = utf8.encode(`${firstBare},${challenge},${withoutProof}`)
    const proof = xor(clientKey, Digest.hmac(digest, Digest.hash(digest, clientKey), authMessage))
    serverSignature = base64(Digest.hmac(digest, Digest.hmac(digest, salted, utf8.encode("Server Key")), authMessage))
    return { _tag: "Send", bytes: utf8.encode(`${withoutProof},p=${base64(proof)}`) }
  }

  return {
    first: utf8.encode(`n,,${firstBare}`),
    next: (answer) => {
      const message = text.decode(answer)
      const attributes = attributesOf(message)
      const error = attributes.get("e")
      if (error !== undefined) return failed(error)
      if (serverSignature === undefined) return prove(message)
      return attributes.get("v") === serverSignature
        ? { _tag: "Done" }
        : failed("the server does not know the password")
    }
  }
}
