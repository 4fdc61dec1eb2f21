/**
 * The broker inside the test's own process, on the in-memory disk, behind a real loopback port so that any client can
 * reach it. Invariant: nothing of it is left after `stop`. Neighbours: BrokerUnderTest.ts (the only caller).
 */
import { Broker, layer } from "@klamm/broker/Broker"
import { bus } from "@klamm/broker/Bus"
import { resolve } from "@klamm/config/BrokerConfig"
import { developmentPreset, keepControllerListener, presetLayer, setLayer } from "@klamm/config/Layers"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { freePort, QUICK_GROUPS } from "./Processes.ts"

export interface InProcessBroker {
  readonly bootstrap: string
  readonly stop: () => Promise<void>
}

/** Starts Broker.layer with the memory disk in this process. */
export const startInProcess = async (): Promise<InProcessBroker> => {
  const listeners = `listeners=PLAINTEXT://127.0.0.1:${await freePort()}`
  const settings = Object.entries(QUICK_GROUPS).map(([name, value]) => `${name}=${value}`)
  const layers = keepControllerListener([presetLayer(developmentPreset()), setLayer([listeners, ...settings])])
  const config = Result.getOrThrow(resolve(layers))
  const live = Layer.mergeAll(DiskMemory.layerMemory, NodeNetwork.layer)
  const parts = { codecs: makeCodecs({ gzip, zstd }), bus: Effect.succeed(bus) }
  const runtime = ManagedRuntime.make(layer(config, parts).pipe(Layer.provide(live)))
  const broker = await runtime.runPromise(Broker)
  const { host, port } = broker.clientListeners[0]!.address
  return { bootstrap: `${host}:${port}`, stop: () => runtime.dispose() }
}
