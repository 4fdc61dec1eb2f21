/**
 * Calls to other nodes, over one connection for each address. Connections are made when they are first needed and again after they
 * have ended; how long to wait before trying again is the caller's.
 *
 * Invariant: answers of a connection come in the order of its requests, so one set of channels serves one purpose: what polls long
 * has a set of its own. A call that times out closes its connection, because a peer that is gone without a word looks just so.
 */
import type { Arena } from "@klamm/platform/Arena"
import * as Deadlines from "@klamm/platform/Deadlines"
import { printAddress } from "@klamm/platform/Inbox"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { type Address, type ConnectionOptions, type Frame, Network } from "@klamm/platform/Network"
import type { Message } from "@klamm/protocol/Api"
import { MalformedBytes, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { frameLength } from "@klamm/protocol/Frame"
import { privateVersion } from "@klamm/protocol/Header"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { ChannelError, ofNetwork } from "./ChannelError.ts"
import { bodyReader, requestFrame } from "./Exchange.ts"
import { Link } from "./Link.ts"
import type { PeerApi } from "./PeerApi.ts"

export interface ChannelsOptions {
  readonly arena: Arena
  /** How this node names itself in the requests' headers. */
  readonly clientId: string
  /** The largest answer that is taken, in bytes. */
  readonly maxFrameBytes: number
  readonly connectTimeoutMs: number
}

/** An answer whose byte fields are views of receive memory until `release`, which its taker calls exactly once. */
export interface Answer<Body> {
  readonly body: Body
  readonly release: () => void
}

export interface Channels {
  /** Asks a node of this kind. */
  readonly call: <Request, Response>(
    to: Address,
    api: PeerApi<Request, Response>,
    request: Request,
    timeoutMs: number
  ) => Effect.Effect<Response, ChannelError>
  /** Asks by an API of Kafka's. */
  readonly request: <Request, Response>(
    to: Address,
    api: { readonly request: Message<Request>; readonly response: Message<Response> },
    version: number,
    body: Message<Request>["Input"],
    timeoutMs: number
  ) => Effect.Effect<Answer<Message<Response>["Type"]>, ChannelError>
  /** Ends the connection to an address, if there is one: its next call makes a new one. */
  readonly disconnect: (to: Address) => Effect.Effect<void>
}

/** A connection that is there or on its way: all who need it meanwhile wait for the same one. */
interface Opening {
  readonly ready: Deferred.Deferred<Link, ChannelError>
  readonly scope: Scope.Closeable
  link: Link | undefined
}

interface Self {
  readonly options: ChannelsOptions
  readonly network: Network["Service"]
  readonly scope: Scope.Scope
  readonly writer: Writer
  readonly open: Map<string, Opening>
  readonly clock: Clock.Clock
  readonly deadlines: Deadlines.Deadlines
  readonly run: (effect: Effect.Effect<void>) => void
}

/** Connections that carry Kafka's frames. Answers have been asked for: the arena alone bounds how many are held. */
export const connectionOptions = ({
  arena,
  maxFrameBytes
}: Pick<ChannelsOptions, "arena" | "maxFrameBytes">): ConnectionOptions => ({
  arena,
  framing: { frameLength: (bytes, start, end) => frameLength(bytes, start, end, maxFrameBytes) },
  receiveLimitBytes: arena.limitBytes
})

const timedOut = (address: string) => Effect.fail(new ChannelError({ reason: "TimedOut", address }))

const connect = (self: Self, to: Address, address: string, opening: Opening): Effect.Effect<void> => {
  const connecting = self.network
    .connect(to, connectionOptions(self.options))
    .pipe(
      Effect.mapError(ofNetwork),
      Effect.timeoutOrElse({ duration: self.options.connectTimeoutMs, orElse: () => timedOut(address) })
    )
  const serving = Effect.flatMap(connecting, (connection) => {
    const link = new Link(connection, address, opening.scope)
    opening.link = link
    Deferred.doneUnsafe(opening.ready, Exit.succeed(link))
    return link.receive
  })
  const ended = Effect.sync(() => {
    if (self.open.get(address) === opening) self.open.delete(address)
  })
  return Effect.catch(serving, (error) => Effect.sync(() => Deferred.doneUnsafe(opening.ready, Exit.fail(error)))).pipe(
    Effect.ensuring(Effect.andThen(ended, Effect.forkDetach(Scope.close(opening.scope, Exit.void)))),
    Scope.provide(opening.scope)
  )
}

const linkTo = (self: Self, to: Address): Effect.Effect<Link, ChannelError> =>
  Effect.suspend(() => {
    const address = printAddress(to)
    const known = self.open.get(address)
    if (known !== undefined && known.link?.isOpen !== false) {
      return known.link === undefined ? Deferred.await(known.ready) : Effect.succeed(known.link)
    }
    const opening: Opening = { ready: Deferred.makeUnsafe(), scope: Scope.makeUnsafe(), link: undefined }
    self.open.set(address, opening)
    return Effect.andThen(Effect.forkIn(connect(self, to, address, opening), self.scope), Deferred.await(opening.ready))
  })

const disconnect = (self: Self, to: Address): Effect.Effect<void> =>
  Effect.suspend(() => self.open.get(printAddress(to))?.link?.close ?? Effect.void)

/** By a deadline that all calls share: a fiber that sleeps for each would cost more than the call. */
const askWithin = (
  { deadlines, clock, run }: Self,
  link: Link,
  encode: (correlationId: number) => Uint8Array,
  timeoutMs: number
): Effect.Effect<Frame, ChannelError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => deadlines.add(monotonicMsOf(clock) + timeoutMs, () => run(link.closeFor("TimedOut")))),
    () => link.ask(encode),
    (giveUp) => Effect.sync(giveUp)
  )

/** The frame of the answer, within the time given. */
const ask = (
  self: Self,
  to: Address,
  key: number,
  version: number,
  writeBody: (writer: Writer) => void,
  timeoutMs: number
): Effect.Effect<Frame, ChannelError> => {
  const encode = (id: number) =>
    requestFrame(self.writer, { key, version, correlationId: id, clientId: self.options.clientId }, writeBody)
  return Effect.suspend(() => {
    const link = self.open.get(printAddress(to))?.link
    if (link?.isOpen === true) return askWithin(self, link, encode, timeoutMs)
    return Effect.flatMap(linkTo(self, to), (made) => made.ask(encode)).pipe(
      Effect.timeoutOrElse({
        duration: timeoutMs,
        orElse: () => Effect.andThen(disconnect(self, to), timedOut(printAddress(to)))
      })
    )
  })
}

/** What `read` makes of the frame, or why it can't; then the connection is of no use any more. */
const readAnswer = <A>(self: Self, to: Address, read: () => A): Effect.Effect<A, ChannelError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (cause) {
      if (!(cause instanceof MalformedBytes)) throw cause
      const malformed = new ChannelError({ reason: "Malformed", address: printAddress(to), cause })
      return Effect.andThen(disconnect(self, to), Effect.fail(malformed))
    }
  })

const decodeCall = <Request, Response>(api: PeerApi<Request, Response>, frame: Frame): Response => {
  const reader = bodyReader(frame, api.key, privateVersion)
  const decoded = api.response.decode(reader.view(reader.remaining))
  if (Result.isSuccess(decoded)) return decoded.success
  throw new MalformedBytes(`${api.name}: ${decoded.failure.message}`, 0)
}

const call =
  (self: Self): Channels["call"] =>
  (to, api, request, timeoutMs) =>
    Effect.suspend(() => {
      const body = api.request.encode(request)
      const asked = ask(self, to, api.key, privateVersion, (writer) => writer.view(body), timeoutMs)
      return Effect.flatMap(asked, (frame) =>
        Effect.ensuring(
          readAnswer(self, to, () => decodeCall(api, frame)),
          Effect.sync(frame.release)
        )
      )
    })

const request =
  (self: Self): Channels["request"] =>
  (to, api, version, body, timeoutMs) => {
    const { key } = api.request
    const writeBody = (writer: Writer) => codec(api.request, version).encode(writer, body)
    return Effect.flatMap(ask(self, to, key, version, writeBody, timeoutMs), (frame) =>
      Effect.onError(
        readAnswer(self, to, () => ({
          body: codec(api.response, version).decode(bodyReader(frame, key, version)),
          release: frame.release
        })),
        () => Effect.sync(frame.release)
      )
    )
  }

/** No connection is made before the first call; all end with the scope. */
export const make = (options: ChannelsOptions): Effect.Effect<Channels, never, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network
    const scope = yield* Effect.scope
    const clock = yield* Clock.Clock
    const deadlines = yield* Deadlines.make
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const run = (effect: Effect.Effect<void>) => void runFork(Effect.forkIn(effect, scope))
    const self: Self = { options, network, scope, writer: new Writer(), open: new Map(), clock, deadlines, run }
    return { call: call(self), request: request(self), disconnect: (to) => disconnect(self, to) }
  })
