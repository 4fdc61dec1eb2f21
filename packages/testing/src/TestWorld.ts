/**
 * All that a test's cluster is made of: a world, brokers, the machine on which the test runs, and one from which it is looked at.
 * Invariant: everything that is taken (memory, processes) is given back by `dispose`. Neighbour: `TestCluster.ts`, which is its only user.
 */
import { bus } from "@klamm/broker/Bus"
import { Network } from "@klamm/platform/Network"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Lease, leaseArena } from "./ArenaPool.ts"
import { Gate } from "./Gate.ts"
import { configOf, type Settings } from "./Nodes.ts"
import { Observer } from "./Observer.ts"
import { overheard } from "./Overheard.ts"
import { report } from "./Report.ts"
import { hostOf, SimCluster } from "./SimCluster.ts"
import { SimNetwork } from "./SimNetwork.ts"
import type { FaultsOptions } from "./TestFaults.ts"
import { Trace } from "./Trace.ts"
import { type SimProcess, World } from "./World.ts"
import { makeClient } from "./workload/Client.ts"

/** The machine on which the test runs, with its clients. */
export const testHost = "test"
const observerHost = "observer"

/** Of clusters whose nodes are told which one they belong to. */
const clusterId = "dGVzdC1jbHVzdGVyLW9mLWs"
const decompressedBytes = 16 * 1024 * 1024
const codecs = makeCodecs({ gzip, zstd })

export interface TestWorldOptions {
  readonly seed: number
  readonly brokers: number
  readonly settings: Settings
  readonly racks: ReadonlyArray<string>
  /** Told how the world ended for a test that failed. */
  readonly print: (text: string) => void
}

const makeNetwork = (world: World): SimNetwork => {
  const wire = world.process(world.machine("wire"), "wire")
  return new SimNetwork(
    { nowMs: () => world.nowMs, after: (delayMs, run) => world.after(wire, delayMs, run) },
    world.chance.fork("network")
  )
}

export class TestWorld {
  readonly world: World
  readonly trace: Trace
  readonly network: SimNetwork
  readonly cluster: SimCluster
  readonly gate: Gate
  /** The process in which the test runs. */
  readonly home: SimProcess
  /** The network as the test's machine sees it. */
  readonly testNetwork: Network["Service"]
  readonly observer: Observer
  readonly faults: FaultsOptions
  private readonly observing: SimProcess
  private readonly observerScope = Scope.makeUnsafe()
  private readonly lease: Lease = leaseArena()

  constructor({ seed, brokers, settings, racks, print }: TestWorldOptions) {
    const nodeIds = Array.from({ length: brokers }, (_, index) => index + 1)
    this.trace = new Trace([testHost, ...nodeIds.map(hostOf)])
    this.world = new World({ seed, trace: this.trace })
    const { world } = this
    this.network = makeNetwork(world)
    this.cluster = new SimCluster({
      world,
      network: this.network,
      nodeIds,
      configOf: configOf(nodeIds, settings, racks),
      parts: { codecs, bus: Effect.succeed(bus), format: brokers > 1 ? { clusterId, initial: undefined } : undefined }
    })
    this.home = world.process(world.machine(testHost), testHost)
    this.observing = world.process(world.machine(observerHost), observerHost)
    this.testNetwork = overheard(
      this.network.mount(testHost, this.home),
      () => world.nowMs,
      (text) => world.tell(testHost, text)
    )
    this.gate = new Gate({
      world,
      home: this.home,
      onExit: (exit) => {
        if (Exit.isFailure(exit)) print(report(this))
      }
    })
    this.faults = {
      cluster: this.cluster,
      chance: world.chance.fork("test faults"),
      clientHosts: [testHost],
      observerHost
    }
    this.observer = this.makeObserver()
  }

  /** Looks from the observer's machine, for a guest. */
  look<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.gate.elsewhere(this.observing, effect)
  }

  /** The same while the layer is built. */
  lookNow<A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    return this.gate.runNow(this.observing, effect)
  }

  dispose(): void {
    this.gate.close()
    this.cluster.dispose()
    this.home.kill()
    this.observing.kill()
    this.lease.giveBack()
  }

  private makeObserver(): Observer {
    const { world, cluster, observing, observerScope } = this
    const made = makeClient({
      arena: this.lease.arena,
      clientId: observerHost,
      bootstrap: cluster.bootstrap,
      chance: world.chance.fork(observerHost)
    }).pipe(
      Effect.provideService(Network, this.network.mount(observerHost, observing)),
      Effect.provideService(Scope.Scope, observerScope)
    )
    const client = Exit.getSuccess(this.gate.runNow(observing, made))
    if (client._tag === "None") throw new Error("a client is made without a question")
    return new Observer({
      client: client.value,
      cluster,
      decompression: { codecs, maxBytes: decompressedBytes }
    })
  }
}
