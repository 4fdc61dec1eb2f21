/**
 * One connection to one broker, ready for use: what the broker speaks is known and it knows who we are. Requests go out as they come
 * and wait for their answers side by side.
 *
 * Invariants: no request leaves before versions are agreed on and, with SASL, the client is authenticated; a request that times out
 * ends the connection, because a peer that is gone without a word looks just so. Neighbours: `Connections.ts` makes and forgets these;
 * channel's `Link` carries the frames.
 */
import { type ChannelError, ofNetwork } from "@klamm/channel/ChannelError"
import { bodyReader, requestFrame } from "@klamm/channel/Exchange"
import { Link } from "@klamm/channel/Link"
import { printAddress } from "@klamm/platform/Inbox"
import { type Address, type ConnectOptions, type Frame, type Network, NetworkError } from "@klamm/platform/Network"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { MalformedBytes, type Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { lengthPrefixBytes } from "@klamm/protocol/Frame"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { ApiPair, Body, RequestOptions } from "../Cluster.ts"
import { ConnectionError, type RequestError, UnsupportedVersion } from "../KlammError.ts"
import type { RequestMeasures } from "../observe/RequestMeasures.ts"
import { choose, type Offered, ownRange, printRange } from "./Versions.ts"

export const ofChannel = ({ reason, address, cause }: ChannelError): ConnectionError => {
  const isUntrusted = cause instanceof NetworkError && cause.reason === "Untrusted"
  return new ConnectionError({ reason: isUntrusted ? "Untrusted" : reason, address, cause })
}

/** Why no connection came about; what only a connection being made can run into has a word of its own. */
const ofConnecting = (error: NetworkError): ConnectionError => {
  if (error.reason === "AddressNotAvailable" || error.reason === "Untrusted") {
    const reason = error.reason === "Untrusted" ? "Untrusted" : "Unresolved"
    return new ConnectionError({ reason, address: error.address, cause: error })
  }
  return ofChannel(ofNetwork(error))
}

/** What an answer becomes, with the memory it lies in. */
export type Take<Response, A> = (
  body: ApiPair<unknown, Response>["response"]["Type"],
  version: number,
  frame: Frame
) => A

export interface ConnectionSetup {
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly connectionSetupTimeoutMs: number
  readonly connect: ConnectOptions
  readonly measures: RequestMeasures
  /** Says who we are on a connection whose versions are known; answers how long the broker will believe it, in ms; 0: for ever. */
  readonly authenticate: (connection: BrokerConnection) => Effect.Effect<number, RequestError>
}

/** The versions in which every broker that Kafka's clients still speak to answers ApiVersions. */
const firstApiVersionsVersion = 0

const softwareName = "klamm-client"
const softwareVersion = "0.1.0"

export class BrokerConnection {
  readonly address: string
  readonly peer: Address
  readonly link: Link
  offered: Offered = new Map()
  /** The levels of features that the cluster has agreed on. */
  features: ReadonlyMap<string, number> = new Map()
  private readonly setup: ConnectionSetup
  private readonly writer: Writer

  constructor(link: Link, peer: Address, setup: ConnectionSetup, writer: Writer) {
    this.link = link
    this.peer = peer
    this.address = printAddress(peer)
    this.setup = setup
    this.writer = writer
  }

  /** One request. `take` gets the answer the moment it is there; it releases the frame unless it throws. */
  request<Request, Response, A>(
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    take: Take<Response, A>,
    options: RequestOptions
  ): Effect.Effect<A, ConnectionError | UnsupportedVersion> {
    return Effect.suspend((): Effect.Effect<A, ConnectionError | UnsupportedVersion> => {
      const version = choose(api.request, this.offered.get(api.request.key), options)
      if (version === undefined) return Effect.fail(this.unsupported(api.request, options))
      const input = typeof body === "function" ? body(version) : body
      return this.exchange(api, version, input, take, options.timeoutMs ?? this.setup.requestTimeoutMs)
    })
  }

  /** A request that is not answered (Produce with acks 0). */
  tell<Request, Response>(
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    options: RequestOptions
  ): Effect.Effect<void, ConnectionError | UnsupportedVersion> {
    return Effect.suspend((): Effect.Effect<void, ConnectionError | UnsupportedVersion> => {
      const version = choose(api.request, this.offered.get(api.request.key), options)
      if (version === undefined) return Effect.fail(this.unsupported(api.request, options))
      const input = typeof body === "function" ? body(version) : body
      const encode = (id: number) => this.frameOf(api, version, input, id)
      return Effect.mapError(this.link.tell(encode), ofChannel)
    })
  }

  private frameOf<Request, Response>(
    { request }: ApiPair<Request, Response>,
    version: number,
    input: ApiPair<Request, Response>["request"]["Input"],
    correlationId: number
  ): Uint8Array {
    const head = { key: request.key, version, correlationId, clientId: this.setup.clientId }
    return requestFrame(this.writer, head, (writer) => codec(request, version).encode(writer, input))
  }

  exchange<Request, Response, A>(
    api: ApiPair<Request, Response>,
    version: number,
    input: ApiPair<Request, Response>["request"]["Input"],
    take: Take<Response, A>,
    timeoutMs: number
  ): Effect.Effect<A, ConnectionError> {
    const { measures } = this.setup
    let sinceMs = measures.nowMs
    const encode = (id: number) => {
      sinceMs = measures.nowMs
      return this.frameOf(api, version, input, id)
    }
    const ended = (errorType?: string) => measures.ended(api.request.name, this.peer, sinceMs, errorType)
    const answered = (frame: Frame) => {
      ended()
      return this.read(api, version, frame, take)
    }
    const failed = (error: ChannelError | ConnectionError): ConnectionError => {
      if (error._tag === "ConnectionError") return error
      ended(error.reason)
      return ofChannel(error)
    }
    const late = Effect.suspend(() => {
      ended("TimedOut")
      return Effect.andThen(this.link.close, Effect.fail(this.failure("TimedOut")))
    })
    return this.link
      .askFor(encode, answered)
      .pipe(Effect.mapError(failed), Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => late }))
  }

  private read<Request, Response, A>(
    { request, response }: ApiPair<Request, Response>,
    version: number,
    frame: Frame,
    take: Take<Response, A>
  ): Effect.Effect<A, ConnectionError> {
    try {
      return Effect.succeed(
        take(codec(response, version).decode(bodyReader(frame, request.key, version)), version, frame)
      )
    } catch (cause) {
      frame.release()
      if (!(cause instanceof MalformedBytes)) return Effect.die(cause)
      return Effect.andThen(this.link.close, Effect.fail(this.failure("Malformed", cause)))
    }
  }

  private failure(reason: "TimedOut" | "Malformed", cause?: unknown): ConnectionError {
    return new ConnectionError({ reason, address: this.address, cause })
  }

  private unsupported(message: ApiPair<unknown, unknown>["request"], options: RequestOptions): UnsupportedVersion {
    const own = ownRange(message)
    const wanted = { min: options.minVersion ?? own.min, max: options.maxVersion ?? own.max }
    const offered = this.offered.get(message.key)
    const offers = offered === undefined ? "nothing" : printRange(offered)
    return new UnsupportedVersion({
      api: message.name,
      why: `${this.address} offers ${offers}, wanted is ${printRange(wanted)}`
    })
  }

  /**
   * Asks what the broker speaks. One that does not know our version of the question answers in version 0 and says which it knows
   * (KIP-511, behaviour 001), so the error is looked at before the body is read.
   */
  askVersions(version: number): Effect.Effect<void, RequestError> {
    const api = { request: ApiVersionsRequest, response: ApiVersionsResponse }
    const input = { clientSoftwareName: softwareName, clientSoftwareVersion: softwareVersion }
    const read = (frame: Frame): Effect.Effect<number, ConnectionError> => {
      const spoken = isRefused(frame) ? firstApiVersionsVersion : version
      return this.read(api, spoken, frame, (answer, _version, taken) => {
        this.offered = new Map(
          answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }])
        )
        this.features = new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]))
        taken.release()
        return answer.errorCode
      })
    }
    const asked = this.link
      .askFor((id) => this.frameOf(api, version, input, id), read)
      .pipe(Effect.mapError((error) => (error._tag === "ChannelError" ? ofChannel(error) : error)))
    return Effect.flatMap(asked, (errorCode) => {
      if (errorCode === ErrorCode.NONE) return Effect.void
      const known = choose(ApiVersionsRequest, this.offered.get(ApiVersionsRequest.key) ?? { min: 0, max: 0 })
      const isUseless = known === undefined || known >= version
      return isUseless ? Effect.fail(this.unsupported(ApiVersionsRequest, {})) : this.askVersions(known)
    })
  }
}

const isRefused = ({ bytes }: Frame): boolean => {
  const errorAt = lengthPrefixBytes + 4
  return bytes.length >= errorAt + 2 && ((bytes[errorAt]! << 8) | bytes[errorAt + 1]!) === ErrorCode.UNSUPPORTED_VERSION
}

export interface Opened {
  readonly connection: BrokerConnection
  /** How long the broker believes who we are, in ms; 0: for ever. */
  readonly sessionMs: number
  /** Done when the connection is no more. */
  readonly ended: Effect.Effect<void>
}

/** Connects, agrees on versions, authenticates. The connection ends with the scope. */
export const open = (
  network: Network["Service"],
  address: Address,
  setup: ConnectionSetup,
  writer: Writer
): Effect.Effect<Opened, RequestError, Scope.Scope> => {
  const name = printAddress(address)
  const timedOut = () => Effect.fail(new ConnectionError({ reason: "TimedOut", address: name }))
  return Effect.gen(function* () {
    const scope = yield* Effect.scope
    const connected = yield* network.connect(address, setup.connect).pipe(Effect.mapError(ofConnecting))
    const link = new Link(connected, name, scope)
    const connection = new BrokerConnection(link, address, setup, writer)
    const receiving = yield* Effect.forkIn(link.receive, scope)
    yield* connection.askVersions(ownRange(ApiVersionsRequest).max)
    const sessionMs = yield* setup.authenticate(connection)
    return { connection, sessionMs, ended: Effect.asVoid(Fiber.await(receiving)) }
  }).pipe(Effect.timeoutOrElse({ duration: setup.connectionSetupTimeoutMs, orElse: timedOut }))
}
