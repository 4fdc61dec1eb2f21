/**
 * A whole broker in memory, disk and network included, and a client that speaks single requests to it. Effect's live clock runs: what
 * is tested here is composition, not time.
 */
import { resolve } from "@klamm/config/BrokerConfig"
import { developmentPreset, keepControllerListener, presetLayer, setLayer } from "@klamm/config/Layers"
import type { Disk } from "@klamm/platform"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import * as Network from "@klamm/platform/Network"
import * as NetworkMemory from "@klamm/platform/NetworkMemory"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import type { Message } from "@klamm/protocol/Api"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Frame from "@klamm/protocol/Frame"
import { decodeResponseHeader, encodeRequestHeader } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { Broker, layer } from "../src/Broker.ts"
import { processArena } from "../src/BrokerArena.ts"
import * as Bus from "../src/Bus.ts"

const codecs = makeCodecs({ gzip, zstd })
const bus = Effect.succeed(Bus.bus)

const configOf = (settings: ReadonlyArray<string>) =>
  Result.getOrThrow(resolve(keepControllerListener([presetLayer(developmentPreset()), setLayer(settings)])))

/** Runs a test against a fresh broker with these settings; the disk can be kept for another life by giving it. */
export const withBroker = <A, E>(
  settings: ReadonlyArray<string>,
  test: Effect.Effect<A, E, Broker | Network.Network | Disk | Scope.Scope>,
  disk: Layer.Layer<Disk> = DiskMemory.layerMemory
): Promise<A> => {
  const world = Layer.mergeAll(disk, NetworkMemory.layerMemory)
  const broker = layer(configOf(settings), { codecs, bus })
  return Effect.runPromise(Effect.scoped(test).pipe(Effect.provide(broker.pipe(Layer.provideMerge(world)))))
}

export interface Client {
  readonly ask: <Request, Response>(
    request: Message<Request>,
    response: Message<Response>,
    version: number,
    body: Message<Request>["Input"]
  ) => Effect.Effect<Message<Response>["Type"], Network.NetworkError>
  readonly connection: Network.Connection
}

const requestFrame = <F>(
  request: Message<F>,
  version: number,
  body: Message<F>["Input"]
): ReadonlyArray<Uint8Array> => {
  const writer = new Writer()
  const frame = writer.beginFrame()
  encodeRequestHeader(writer, request.key, version, 1, "test")
  codec(request, version).encode(writer, body)
  writer.endFrame(frame)
  return writer.finish()
}

/** Connects to the broker's listener of that name. */
export const connect = (listenerName = "PLAINTEXT") =>
  Effect.gen(function* () {
    const broker = yield* Broker
    const network = yield* Network.Network
    const { address } = [...broker.clientListeners, ...broker.controllerListeners].find(
      ({ name }) => name === listenerName
    )!
    const framing = {
      frameLength: (bytes: Uint8Array, start: number, end: number) => Frame.frameLength(bytes, start, end, 100_000_000)
    }
    const options = { arena: processArena(), framing, receiveLimitBytes: 100_000_000 }
    const connection = yield* network.connect(address, options)
    const client: Client = {
      connection,
      ask: (request, response, version, body) =>
        Effect.gen(function* () {
          yield* connection.write(requestFrame(request, version, body))
          const [frame] = yield* connection.read
          const reader = new Reader(frame.bytes.slice(), 4)
          frame.release()
          decodeResponseHeader(reader, request.key, version)
          return codec(response, version).decode(reader)
        })
    }
    return client
  })
