/**
 * Telling a broker who we are: SaslHandshake, then the mechanism's tokens in SaslAuthenticate. Invariant: whatever the broker says no
 * to, and a conversation that fails on our side, is an AuthenticationError, which nobody tries again; a lost connection is not.
 */

import { SaslHandshakeRequest, SaslHandshakeResponse } from "@klamm/protocol/api/17-SaslHandshake"
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from "@klamm/protocol/api/36-SaslAuthenticate"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { AuthenticationError, nameOf, type RequestError } from "../KlammError.ts"
import type { SaslOptions } from "../Options.ts"
import type { BrokerConnection } from "./BrokerConnection.ts"
import { type Conversation, converse } from "./Sasl.ts"

const handshakeApi = { request: SaslHandshakeRequest, response: SaslHandshakeResponse }
const authenticateApi = { request: SaslAuthenticateRequest, response: SaslAuthenticateResponse }

/** Tokens in SaslAuthenticate frames; the older way sends them bare, which no broker of today asks for. */
const handshakeVersion = 1

interface Answered {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly bytes: Uint8Array
  readonly sessionMs: number
}

const refusal = (mechanism: string, { address }: BrokerConnection, code: number, reason: string) =>
  new AuthenticationError({ address, code, why: `${mechanism}: ${reason}` })

const shakeHands = (connection: BrokerConnection, mechanism: string): Effect.Effect<void, RequestError> =>
  connection
    .request(
      handshakeApi,
      { mechanism },
      ({ errorCode, mechanisms }, _version, frame) => {
        frame.release()
        return { errorCode, mechanisms }
      },
      { minVersion: handshakeVersion }
    )
    .pipe(
      Effect.flatMap(({ errorCode, mechanisms }) =>
        errorCode === ErrorCode.NONE
          ? Effect.void
          : Effect.fail(refusal(mechanism, connection, errorCode, `the broker offers ${mechanisms.join(", ")}`))
      )
    )

const sendToken = (connection: BrokerConnection, authBytes: Uint8Array): Effect.Effect<Answered, RequestError> =>
  connection.request(
    authenticateApi,
    { authBytes },
    (answer, _version, frame) => {
      const { errorCode, errorMessage, sessionLifetimeMs } = answer
      const bytes = answer.authBytes.slice()
      frame.release()
      return { errorCode, errorMessage, bytes, sessionMs: sessionLifetimeMs }
    },
    {}
  )

const talk = (
  connection: BrokerConnection,
  mechanism: string,
  conversation: Conversation,
  token: Uint8Array
): Effect.Effect<number, RequestError> =>
  Effect.flatMap(sendToken(connection, token), ({ errorCode, errorMessage, bytes, sessionMs }) => {
    if (errorCode !== ErrorCode.NONE) {
      return Effect.fail(refusal(mechanism, connection, errorCode, errorMessage ?? nameOf(errorCode)))
    }
    const turn = conversation.next(bytes)
    switch (turn._tag) {
      case "Done":
        return Effect.succeed(sessionMs)
      case "Send":
        return talk(connection, mechanism, conversation, turn.bytes)
      case "Failed":
        return Effect.fail(refusal(mechanism, connection, ErrorCode.SASL_AUTHENTICATION_FAILED, turn.reason))
    }
  })

/** Authenticates a connection whose versions are known; answers how long the broker will believe it, in ms (0: for ever). */
export const authenticate =
  (sasl: SaslOptions | undefined, nonce: () => string) =>
  (connection: BrokerConnection): Effect.Effect<number, RequestError> => {
    if (sasl === undefined) return Effect.succeed(0)
    const { mechanism } = sasl
    return Effect.gen(function* () {
      yield* shakeHands(connection, mechanism)
      const conversation = yield* converse(sasl, nonce)
      return yield* talk(connection, mechanism, conversation, conversation.first)
    })
  }
