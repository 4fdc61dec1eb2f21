/**
 * TLS and SASL as Apache Kafka has them: who shows the right thing writes and reads, who does not learns why, at once. Where somebody else
 * has started the cluster nothing is known of its listeners, and none of this runs.
 */
import { expect, it } from "@effect/vitest"
import * as Admin from "@klamm/client/Admin"
import * as Consumer from "@klamm/client/Consumer"
import { Klamm, type KlammOptions, layer } from "@klamm/client/Klamm"
import * as Producer from "@klamm/client/Producer"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { beforeAll, inject } from "vitest"
import { freshTopic } from "../stories/Story.ts"
import { passwords, plainUser } from "./Listeners.ts"

const { bootstrap, secured } = inject("kafka")
const { tls, mutual, sasl, saslTls, authority, stranger, client } = secured ?? {
  tls: "",
  mutual: "",
  sasl: "",
  saslTls: "",
  authority: "",
  stranger: "",
  client: { cert: "", key: "" }
}
const live = it.live.runIf(secured !== undefined)
const scramUser = "bob"
const minuteMs = 60_000

/** A token that says who its bearer is and is signed by nobody: what a broker without a token server believes. */
const tokenOf = (sub: string, nowMs: number): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const seconds = Math.floor(nowMs / 1_000)
  return `${part({ alg: "none" })}.${part({ sub, iat: seconds - 1, exp: seconds + 600 })}.`
}

type Sasl = NonNullable<KlammOptions["sasl"]>

const bearer = (sub: string): Sasl => ({
  mechanism: "OAUTHBEARER",
  token: Effect.map(Clock.currentTimeMillis, (now) => ({ value: Redacted.make(tokenOf(sub, now)) }))
})

const scram = (mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512", password: string = passwords.scram): Sasl => ({
  mechanism,
  username: scramUser,
  password
})

const plain = (password: string = passwords.plain): Sasl => ({ mechanism: "PLAIN", username: plainUser, password })

/** A user with a password for both mechanisms, one a request; made by an administrator who needs none. */
const makeUser = Effect.forEach(["SCRAM-SHA-256", "SCRAM-SHA-512"] as const, (mechanism) =>
  Admin.alterScramUsers([{ user: scramUser, mechanism, password: passwords.scram, iterations: 4_096 }])
)

beforeAll(() => (secured === undefined ? undefined : Effect.runPromise(Effect.provide(makeUser, layer({ bootstrap })))))

/** Writes to a topic of its own and reads it again, as a member of a group. */
const writeAndRead = Effect.gen(function* () {
  const topic = yield* freshTopic(1)
  yield* Producer.send(topic, { key: "k", value: "v" })
  const options = { group: `${topic.name}-group`, autoOffsetReset: "earliest" } as const
  const [read] = yield* Consumer.stream(topic, options).pipe(Stream.take(1), Stream.runCollect)
  expect(read).toMatchObject({ key: "k", value: "v", offset: 0 })
})

const ways: Readonly<Record<string, KlammOptions>> = {
  TLS: { bootstrap: tls, tls: { ca: authority } },
  "TLS with a certificate of one's own": { bootstrap: mutual, tls: { ca: authority, ...client } },
  "PLAIN in the open": { bootstrap: sasl, sasl: plain() },
  "SCRAM-SHA-256 in the open": { bootstrap: sasl, sasl: scram("SCRAM-SHA-256") },
  "SCRAM-SHA-512 in the open": { bootstrap: sasl, sasl: scram("SCRAM-SHA-512") },
  "OAUTHBEARER in the open": { bootstrap: sasl, sasl: bearer("carol") },
  "PLAIN within TLS": { bootstrap: saslTls, tls: { ca: authority }, sasl: plain() },
  "SCRAM-SHA-512 within TLS": { bootstrap: saslTls, tls: { ca: authority }, sasl: scram("SCRAM-SHA-512") },
  "OAUTHBEARER within TLS": { bootstrap: saslTls, tls: { ca: authority }, sasl: bearer("carol") }
}

for (const [name, options] of Object.entries(ways)) {
  live(
    `${name}: a record is written and read`,
    () => Effect.scoped(writeAndRead).pipe(Effect.provide(layer(options))),
    minuteMs
  )
}

interface Refusal {
  readonly options: KlammOptions
  readonly error: { readonly _tag: string; readonly reason?: string; readonly codeName?: string }
  /** What the error's message says, beside the address. */
  readonly says: RegExp
}

const untrusted = { _tag: "ConnectionError", reason: "Untrusted" }
const unauthenticated = { _tag: "AuthenticationError", codeName: "SASL_AUTHENTICATION_FAILED" }

const refusals: Readonly<Record<string, Refusal>> = {
  "an authority that the client does not trust": {
    options: { bootstrap: tls, tls: { ca: stranger } },
    error: untrusted,
    says: /unable to verify|self-signed|unable to get local issuer/
  },
  "a broker that is called by another name": {
    options: { bootstrap: tls.replace("127.0.0.1", "localhost"), tls: { ca: authority } },
    error: untrusted,
    says: /localhost.*altnames|does not match/
  },
  "a client without the certificate it is asked for": {
    options: { bootstrap: mutual, tls: { ca: authority } },
    error: untrusted,
    says: /certificate/
  },
  "a wrong password, PLAIN": {
    options: { bootstrap: sasl, sasl: plain("wrong") },
    error: unauthenticated,
    says: /PLAIN: .*Invalid username or password/
  },
  "a wrong password, SCRAM-SHA-256": {
    options: { bootstrap: sasl, sasl: scram("SCRAM-SHA-256", "wrong") },
    error: unauthenticated,
    says: /SCRAM-SHA-256: .*[Ii]nvalid credentials/
  },
  "a wrong password, SCRAM-SHA-512 within TLS": {
    options: { bootstrap: saslTls, tls: { ca: authority }, sasl: scram("SCRAM-SHA-512", "wrong") },
    error: unauthenticated,
    says: /SCRAM-SHA-512: .*[Ii]nvalid credentials/
  },
  "a token that is none": {
    options: {
      bootstrap: sasl,
      sasl: { mechanism: "OAUTHBEARER", token: Effect.succeed({ value: Redacted.make("no.token.") }) }
    },
    error: unauthenticated,
    says: /OAUTHBEARER: .*invalid_token/
  }
}

const immediatelyMs = 10_000

for (const [name, { options, error, says }] of Object.entries(refusals)) {
  live(
    `${name}: refused at once, and said why`,
    () =>
      Effect.gen(function* () {
        const asked = Effect.provide(
          Effect.flatMap(Klamm, (klamm) => klamm.cluster.topic("any")),
          layer(options)
        )
        const failure = yield* Effect.flip(asked).pipe(Effect.timeout(immediatelyMs))
        expect(failure).toMatchObject({ ...error, retriable: false })
        expect(failure.message).toMatch(says)
      }),
    minuteMs
  )
}
