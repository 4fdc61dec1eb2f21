/**
 * SASL as the client speaks it: one conversation per connection, a pure exchange of tokens. Invariant: a secret leaves only in the form
 * its mechanism gives it; no failure's text holds one. Neighbours: `BrokerConnection.ts` carries the tokens in SaslAuthenticate,
 * `Scram.ts` has the one mechanism that computes.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { AuthenticationError } from "../KlammError.ts"
import type { SaslOptions, Token } from "../Options.ts"
import * as Scram from "./Scram.ts"

/** What to do after the broker's answer to a token. */
export type Turn =
  | { readonly _tag: "Send"; readonly bytes: Uint8Array }
  | { readonly _tag: "Done" }
  | { readonly _tag: "Failed"; readonly reason: string }

export interface Conversation {
  readonly first: Uint8Array
  /** What the broker answered to the latest token. */
  readonly next: (answer: Uint8Array) => Turn
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

export const reveal = (secret: Redacted.Redacted | string): string =>
  typeof secret === "string" ? secret : Redacted.value(secret)

/** RFC 4616: no authorization id, name and password. The broker's answer is empty. */
export const plain = (username: string, password: string): Conversation => ({
  first: utf8.encode(`\u0000${username}\u0000${password}`),
  next: () => ({ _tag: "Done" })
})

/** RFC 7628, with Kafka's extensions (KIP-342). A refusal comes as JSON, which is to be answered with a lone 0x01. */
export const oauthBearer = ({ value, extensions = {} }: Token): Conversation => {
  const extras = Object.entries(extensions).map(([name, each]) => `\u0001${name}=${each}`)
  let refusal: string | undefined
  return {
    first: utf8.encode(`n,,\u0001auth=Bearer ${Redacted.value(value)}${extras.join("")}\u0001\u0001`),
    next: (answer) => {
      if (refusal !== undefined) return { _tag: "Failed", reason: refusal }
      if (answer.length === 0) return { _tag: "Done" }
      refusal = text.decode(answer)
      return { _tag: "Send", bytes: Uint8Array.of(1) }
    }
  }
}

/** The conversation of a new connection; `nonce` is chance that nobody can guess. */
export const converse = (sasl: SaslOptions, nonce: () => string): Effect.Effect<Conversation, AuthenticationError> => {
  switch (sasl.mechanism) {
    case "PLAIN":
      return Effect.succeed(plain(sasl.username, reveal(sasl.password)))
    case "OAUTHBEARER":
      return Effect.map(sasl.token, oauthBearer)
    default:
      return Effect.succeed(Scram.client(sasl.mechanism, sasl.username, reveal(sasl.password), nonce()))
  }
}
