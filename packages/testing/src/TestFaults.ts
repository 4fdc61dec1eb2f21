/**
 * What a test may do to its cluster: each fault an Effect, which has happened when it ends. Invariant: a fault lasts until it is undone;
 * nothing here waits for the cluster to notice. Neighbours: `SimCluster.ts`, `SimNetwork.ts` and `SimDisk.ts`, which it does it to.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Chance } from "./Chance.ts"
import { dataDirectory } from "./Nodes.ts"
import { ClusterError } from "./Observer.ts"
import type { SimCluster, SimNode } from "./SimCluster.ts"
import { healthy } from "./SimDisk.ts"

const msPerSecond = 1_000

/** A slow path: added to each delay, and how many bytes get through. */
export interface SlowPath {
  readonly latency?: Duration.Input
  readonly bytesPerSecond?: number
}

/** What may happen to the network. Each fault lasts until `heal`. */
export interface NetworkFaults {
  /** Cuts a broker off from everybody else: other brokers, clients, observers. Connections stay open and silent. */
  readonly isolate: (broker: number) => Effect.Effect<void>
  /** Cuts one direction between two brokers: the first can't be heard by the second. */
  readonly mute: (from: number, to: number) => Effect.Effect<void>
  /** Slows down everything from and to a broker. */
  readonly slow: (broker: number, path: SlowPath) => Effect.Effect<void>
  /** Ends every connection of a broker, as a router that forgets them does. New ones can be made. */
  readonly reset: (broker: number) => Effect.Effect<void>
  /** Every path is as it was at the beginning; what waited gets through. */
  readonly heal: Effect.Effect<void>
}

/** What may happen to one broker's disk. Troubles last until `repair`. */
export interface DiskFaults {
  /** The machine loses its power: all that was not fsynced is gone. It stays off until `start` or `settle`. */
  readonly powerLoss: Effect.Effect<void>
  /** There is room for no further byte, or for so many. */
  readonly full: (roomBytes?: number) => Effect.Effect<void>
  /** A bit of what is stored of a partition is another one. Fails when nothing of it is on this disk. */
  readonly corrupt: (topic: { readonly name: string }, partition?: number) => Effect.Effect<void, ClusterError>
  /** A sync takes so long. */
  readonly slow: (sync: Duration.Input) => Effect.Effect<void>
  /** Every sync fails, as with a broken device. */
  readonly failSyncs: Effect.Effect<void>
  /** The machine dies with its disk and gets an empty one. It stays off until `start` or `settle`. */
  readonly lose: Effect.Effect<void>
  /** Room, speed and syncs are as at the beginning. What is lost stays lost. */
  readonly repair: Effect.Effect<void>
}

/** What may happen to brokers, by their ids. */
export interface BrokerFaults {
  /** kill -9. What was written stays; the broker is down until `start` or `settle`. */
  readonly crash: (broker: number) => Effect.Effect<void>
  /** SIGTERM: it leaves in good order, in its own time. */
  readonly stop: (broker: number) => Effect.Effect<void>
  readonly start: (broker: number) => Effect.Effect<void>
  /** SIGSTOP: it is there and does nothing, as in a long pause of a garbage collector. */
  readonly pause: (broker: number) => Effect.Effect<void>
  readonly resume: (broker: number) => Effect.Effect<void>
  /** Sets a broker's wall clock forward or, with a negative duration, back; a number is of milliseconds. */
  readonly skew: (broker: number, by: Duration.Input) => Effect.Effect<void>
}

export interface FaultsOptions {
  readonly cluster: SimCluster
  readonly chance: Chance
  /** Machines of clients. */
  readonly clientHosts: ReadonlyArray<string>
  /** From where the cluster is looked at: the paths there are as good as ever, or cut like all others. */
  readonly observerHost: string
}

const ms = (duration: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(duration))

/** Does it, and says so in the timeline. */
const fault = ({ cluster }: FaultsOptions, broker: number, text: string, act: (node: SimNode) => void) =>
  Effect.sync(() => {
    const node = cluster.node(broker)
    cluster.options.world.tell(node.host, `fault: ${text}`)
    act(node)
  })

const othersOf = ({ cluster, clientHosts }: FaultsOptions, broker: number): ReadonlyArray<string> => [
  ...cluster.nodes.filter(({ id }) => id !== broker).map(({ host }) => host),
  ...clientHosts
]

export const networkFaults = (options: FaultsOptions): NetworkFaults => {
  const { cluster } = options
  const { network, world } = cluster.options
  const slow = (broker: number, { latency = 0, bytesPerSecond }: SlowPath) => {
    const bytesPerMs = bytesPerSecond === undefined ? undefined : bytesPerSecond / msPerSecond
    return fault(options, broker, `slow, ${ms(latency)} ms more`, ({ host }) => {
      for (const other of othersOf(options, broker)) {
        network.slow(host, other, ms(latency), bytesPerMs)
        network.slow(other, host, ms(latency), bytesPerMs)
      }
    })
  }
  return {
    isolate: (broker) =>
      Effect.sync(() => cluster.isolate(broker, [...othersOf(options, broker), options.observerHost])),
    mute: (from, to) =>
      fault(options, from, `not heard by ${cluster.node(to).host}`, ({ host }) =>
        network.block(host, cluster.node(to).host)
      ),
    slow,
    reset: (broker) =>
      fault(options, broker, "connections reset", ({ host }) => {
        for (const other of othersOf(options, broker)) {
          network.reset(host, other)
          network.reset(other, host)
        }
      }),
    heal: Effect.sync(() => {
      world.tell("world", "the network is whole")
      network.heal()
    })
  }
}

/** Somewhere in the partition's stored batches, as the seed has it. */
const corrupt = (options: FaultsOptions, node: SimNode, name: string): ClusterError | undefined => {
  const { files } = node.disk
  const directory = `${dataDirectory}/${name}`
  const stored = files.find(directory) === undefined ? [] : files.list(directory)
  const logs = stored
    .filter((entry) => entry.name.endsWith(".log"))
    .map((entry) => `${directory}/${entry.name}`)
    .filter((path) => files.file(path).size > 0)
  if (logs.length === 0)
    return new ClusterError({ operation: "corrupt", detail: `${node.host} stores nothing of ${name}` })
  const path = options.chance.pick(logs)
  const position = options.chance.below(files.file(path).size)
  options.cluster.options.world.tell(node.host, `fault: a bit of ${name} at byte ${position} is another one`)
  node.disk.rot(path, position)
  return undefined
}

export const diskFaults =
  (options: FaultsOptions) =>
  (broker: number): DiskFaults => ({
    powerLoss: Effect.sync(() => options.cluster.node(broker).losePower("nothing")),
    full: (roomBytes = 0) =>
      fault(options, broker, `room for ${roomBytes} bytes`, ({ disk }) => {
        disk.condition.totalBytes = disk.files.usedBytes + roomBytes
      }),
    corrupt: (topic, partition = 0) =>
      Effect.suspend(() => {
        const failure = corrupt(options, options.cluster.node(broker), `${topic.name}-${partition}`)
        return failure === undefined ? Effect.void : Effect.fail(failure)
      }),
    slow: (sync) =>
      fault(options, broker, `a sync takes ${ms(sync)} ms`, ({ disk }) => {
        disk.condition.syncMs = [ms(sync), ms(sync)]
      }),
    failSyncs: fault(options, broker, "syncs fail", ({ disk }) => {
      disk.condition.syncFails = 1
    }),
    lose: Effect.sync(() => options.cluster.node(broker).loseDisk()),
    repair: fault(options, broker, "the disk is well again", ({ disk }) => {
      Object.assign(disk.condition, healthy())
    })
  })

export const brokerFaults = (options: FaultsOptions): BrokerFaults => {
  const to = (act: (node: SimNode) => void) => (broker: number) => Effect.sync(() => act(options.cluster.node(broker)))
  return {
    crash: to((node) => node.crash()),
    stop: to((node) => node.stop()),
    start: to((node) => node.start()),
    pause: to((node) => node.pause()),
    resume: to((node) => node.resume()),
    skew: (broker, by) =>
      fault(options, broker, `clock set by ${ms(by)} ms`, ({ machine }) => machine.time.jump(ms(by)))
  }
}
