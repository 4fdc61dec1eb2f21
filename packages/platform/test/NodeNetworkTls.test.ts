/** Encrypted connections: frames as on any other, and no connection to whom the certificate does not vouch for. */
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import * as tls from "node:tls"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import type { ClientTls } from "../src/Network.ts"
import { makeMemoryNetwork } from "../src/NetworkMemory.ts"
import { makeNetwork } from "../src/node/NodeNetwork.ts"
import { frame, MiB, optionsWith, poisonedArena } from "./support/network.ts"
import { cert, key } from "./support/tls.ts"

const network = makeNetwork()

/** A server that sends back what it gets; answers its port. */
const echoTo = (options: tls.TlsOptions) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const server = tls.createServer({ cert, key, ...options }, (socket) => {
          socket.on("error", () => undefined)
          socket.pipe(socket)
        })
        server.on("tlsClientError", () => undefined)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) => Effect.sync(() => void server.close())
    ),
    (server) => (server.address() as AddressInfo).port
  )

const echo = echoTo({})

const connect = (port: number, options: ClientTls) =>
  network.connect({ host: "localhost", port }, { ...optionsWith(poisonedArena(4 * MiB)), tls: options })

it.live("frames come back whole over TLS, large ones and small", () =>
  Effect.gen(function* () {
    const connection = yield* connect(yield* echo, { ca: cert, verify: true })
    const sent = [frame(100, 1), frame(300_000, 2), frame(5, 3)]
    yield* connection.write(sent)
    const received: Array<Uint8Array> = []
    while (received.length < sent.length) {
      for (const { bytes, release } of yield* connection.read) {
        received.push(bytes.slice())
        release()
      }
    }
    expect(received.map((each) => Buffer.from(each))).toEqual(sent.map((each) => Buffer.from(each)))
  })
)

it.live("a certificate that nobody vouches for, or of another name, is Untrusted, unless nobody looks", () =>
  Effect.gen(function* () {
    const port = yield* echo
    const reasonOf = (options: ClientTls) => Effect.map(Effect.flip(connect(port, options)), ({ reason }) => reason)
    expect(yield* reasonOf({ verify: true })).toBe("Untrusted")
    expect(yield* reasonOf({ ca: cert, verify: true, serverName: "elsewhere" })).toBe("Untrusted")
    yield* connect(port, { verify: false })
  })
)

it.live("a server that misses the client's certificate says so after the handshake: Untrusted", () =>
  Effect.gen(function* () {
    const connection = yield* connect(yield* echoTo({ requestCert: true, rejectUnauthorized: true }), {
      ca: cert,
      verify: true
    })
    const lost = yield* Effect.flip(connection.read)
    expect(lost.reason).toBe("Untrusted")
    expect(String(lost.cause)).toMatch(/certificate/)
  })
)

it.live("a network that can't encrypt refuses to be asked for it", () =>
  Effect.gen(function* () {
    const dialled = makeMemoryNetwork()
      .host("a")
      .connect({ host: "b", port: 1 }, { ...optionsWith(poisonedArena(MiB)), tls: { verify: true } })
    expect((yield* Effect.flip(dialled)).reason).toBe("Untrusted")
  })
)
