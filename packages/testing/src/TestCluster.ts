/**
 * The door for users: a whole cluster in a test's process, as a Layer. What runs with it runs in a seeded world with the brokers: on their
 * network, in their virtual time, by their chance; the service is what a test does to them and sees of them.
 *
 * Invariants: the same seed and the same tests make the same run; nothing of it is left when the layer is closed; a test that fails is
 * told with the seed and what happened. Neighbours: `Gate.ts` lets tests in, `TestFaults.ts` breaks things, `Observer.ts` looks.
 */
import { Klamm, type KlammOptions, layerOn } from "@klamm/client/Klamm"
import type { ConfigError } from "@klamm/client/KlammError"
import type { Topic } from "@klamm/client/Topic"
import { Network } from "@klamm/platform/Network"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Settings } from "./Nodes.ts"
import { ClusterError, type PartitionView, type RawRecord } from "./Observer.ts"
import {
  type BrokerFaults,
  brokerFaults,
  type DiskFaults,
  diskFaults,
  type NetworkFaults,
  networkFaults
} from "./TestFaults.ts"
import { nameOf, newTopic, type TestTopic, type TopicName } from "./TestTopic.ts"
import { TestWorld } from "./TestWorld.ts"
import type { Line } from "./Trace.ts"

/** A stored record, decoded. */
export interface StoredRecord<K, V, H> {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: K
  readonly value: V
  readonly headers: H
}

/** What the cluster is like, and which run of it this is. */
export interface TestClusterOptions {
  /** 3 unless said otherwise. */
  readonly brokers?: number
  /** 1 unless said otherwise; KLAMM_SEED in the environment says otherwise than this. */
  readonly seed?: number
  /** Made before the test begins: one partition, on three brokers if there are so many. */
  readonly topics?: ReadonlyArray<TestTopic>
  /** Properties of all brokers, by Kafka's names. */
  readonly settings?: Settings
  /** What the test's client is told besides where the brokers are. */
  readonly client?: Omit<KlammOptions, "bootstrap">
}

/** What a test does to its cluster and sees of it. */
export interface TestClusterShape extends BrokerFaults {
  /** Of this run. */
  readonly seed: number
  /** The brokers' ids: 1, 2, 3. */
  readonly brokers: ReadonlyArray<number>
  /** Where a client that is made by the test finds the brokers, in the world. */
  readonly bootstrap: ReadonlyArray<string>
  readonly network: NetworkFaults
  readonly disk: (broker: number) => DiskFaults
  /** Who leads a partition, as the brokers say that can be asked; waits while nobody does. */
  readonly leaderOf: (topic: TopicName, partition?: number) => Effect.Effect<number, ClusterError>
  /** Leader, epoch, replicas and in-sync replicas of each partition of a topic. */
  readonly describe: (topic: TopicName) => Effect.Effect<ReadonlyArray<PartitionView>>
  /**
   * Starts every broker that is down and waits until each partition has a leader and all its replicas in sync. Mends neither network nor
   * disks: fails when they do not let it happen.
   */
  readonly settle: Effect.Effect<void, ClusterError>
  /** All committed records of a topic as bytes, partition by partition, in order. */
  readonly records: (topic: TopicName) => Effect.Effect<ReadonlyArray<RawRecord>, ClusterError>
  /** The same, decoded as the topic says. */
  readonly dump: <K, V, H>(topic: Topic<K, V, H>) => Effect.Effect<ReadonlyArray<StoredRecord<K, V, H>>, ClusterError>
  /** What has happened so far: requests and answers of the test's clients, faults, what brokers logged. */
  readonly history: Effect.Effect<ReadonlyArray<Line>>
}

const defaultBrokers = 3
const defaultSeed = 1
/** How long brokers may take for what a test waits for, in milliseconds of the world. */
const startLimitMs = 120_000
const leaderLimitMs = 120_000
const readLimitMs = 300_000
const settleLimitMs = 300_000

/** The first part that can't be decoded is why it fails. */
const decoded = <K, V, H>(
  topic: Topic<K, V, H>,
  record: RawRecord
): Result.Result<StoredRecord<K, V, H>, ClusterError> => {
  const { partition, offset, timestamp } = record
  const parts = Result.all({
    key: topic.key.decode(record.key),
    value: topic.value.decode(record.value),
    headers: topic.headers.decode(record.headers)
  })
  return Result.mapBoth(parts, {
    onSuccess: (values) => ({ partition, offset, timestamp, ...values }),
    onFailure: (cause) =>
      new ClusterError({ operation: `dump of ${topic.name}-${partition} at ${offset}`, detail: String(cause) })
  })
}

/** Everybody runs and everything is everywhere. The sentence says why not. */
const lookWhetherSettled = ({ cluster, observer }: TestWorld): Effect.Effect<true | string> => {
  for (const node of cluster.nodes) if (node.state === "Paused") node.resume()
  for (const node of cluster.nodes) if (node.state === "Off" || node.state === "Dead") node.start()
  const waiting = cluster.nodes.filter(({ state, isStopping }) => state !== "Up" || isStopping)
  if (waiting.length > 0) {
    const lastWords = cluster.endings.at(-1)?.text
    const why = lastWords === undefined ? "" : `: ${lastWords}`
    return Effect.succeed(`not up: ${waiting.map(({ host }) => host).join(", ")}${why}`)
  }
  return Effect.map(observer.partitions(undefined), (partitions) => {
    const behind = partitions.find(({ leader, replicas, inSync }) => leader < 0 || inSync.length < replicas.length)
    if (behind === undefined) return true
    const { topic, partition, leader, replicas, inSync } = behind
    return `${topic}-${partition} has leader ${leader} and of replicas ${replicas.join(", ")} in sync: ${inSync.join(", ")}`
  })
}

const leaderOf = (run: TestWorld, topic: TopicName, partition: number): Effect.Effect<number, ClusterError> => {
  const name = nameOf(topic)
  const look = Effect.map(run.observer.partitions([name]), (partitions) => {
    const found = partitions.find((each) => each.partition === partition)
    return found === undefined || found.leader < 0 ? "nobody leads it" : found.leader
  })
  return run.look(run.observer.until<number | string>(`leader of ${name}-${partition}`, leaderLimitMs, () => look))
}

const records = (run: TestWorld, topic: TopicName): Effect.Effect<ReadonlyArray<RawRecord>, ClusterError> => {
  const name = nameOf(topic)
  const there = run.observer.until<ReadonlyArray<PartitionView> | string>(`reading ${name}`, leaderLimitMs, () =>
    Effect.map(run.observer.partitions([name]), (found) => (found.length === 0 ? "there is no such topic" : found))
  )
  const read = Effect.flatMap(there, (found) =>
    Effect.forEach(
      found.map((each) => each.partition).sort((one, other) => one - other),
      (partition) => run.observer.read(name, partition)
    )
  )
  const inTime = Effect.timeoutOrElse(read, {
    duration: readLimitMs,
    orElse: () =>
      Effect.fail(new ClusterError({ operation: `reading ${name}`, detail: `not done in ${readLimitMs / 1_000} s` }))
  })
  return Effect.map(run.look(inTime), (parts) => parts.flat())
}

const shapeOf = (run: TestWorld): TestClusterShape => {
  const { cluster, world, faults } = run
  return {
    ...brokerFaults(faults),
    seed: world.seed,
    brokers: cluster.nodes.map(({ id }) => id),
    bootstrap: cluster.bootstrap.map(({ host, port }) => `${host}:${port}`),
    network: networkFaults(faults),
    disk: diskFaults(faults),
    leaderOf: (topic, partition = 0) => leaderOf(run, topic, partition),
    describe: (topic) => run.look(run.observer.partitions([nameOf(topic)])),
    settle: Effect.asVoid(
      run.look(run.observer.until<true | string>("settling", settleLimitMs, () => lookWhetherSettled(run)))
    ),
    records: (topic) => records(run, topic),
    dump: (topic) =>
      Effect.flatMap(records(run, topic), (stored) =>
        Effect.forEach(stored, (record) => Effect.fromResult(decoded(topic, record)))
      ),
    history: Effect.sync(() => run.trace.all)
  }
}

/** All brokers serve, and the topics are there. */
const begin = (run: TestWorld, topics: ReadonlyArray<TestTopic>): Effect.Effect<void, ClusterError> => {
  const { cluster, observer } = run
  const up = observer.until<true | string>("starting", startLimitMs, () =>
    Effect.sync(() => (cluster.isUp ? true : (cluster.endings[0]?.text ?? "not all brokers are up")))
  )
  const made = Effect.forEach(topics, (topic) =>
    observer.createTopic(newTopic(topic, cluster.nodes.length), startLimitMs)
  )
  const whole = observer.until<true | string>("starting", startLimitMs, () => lookWhetherSettled(run))
  return Effect.asVoid(Effect.andThen(up, Effect.andThen(made, whole)))
}

/** Outside of every world, on the runtime's own console. */
const print = (text: string): void => Effect.runSync(Console.error(text))

/** Built in the world, so that all it does by itself happens there; it ends there too, when the layer is closed. */
const connect = (run: TestWorld, { client = {} }: TestClusterOptions) =>
  Effect.gen(function* () {
    const scope = Scope.makeUnsafe()
    const bootstrap = run.cluster.bootstrap.map(({ host, port }) => `${host}:${port}`)
    const made = Layer.buildWithScope(layerOn({ ...client, bootstrap }), scope)
    const seams = Effect.provideService(made, Network, run.testNetwork)
    const context = yield* run.gate.runNow(run.home, seams)
    const disconnect = () => (run.gate.isOpen ? run.gate.runNow(run.home, Scope.close(scope, Exit.void)) : undefined)
    // Whoever closes may still be in a step of the world, on the stack of a fiber that has to end first.
    yield* Effect.addFinalizer(() => Effect.andThen(Effect.yieldNow, Effect.sync(disconnect)))
    return Context.get(context, Klamm)
  })

/** The cluster of a test: a service, and the layer that has it. */
export class TestCluster extends Context.Service<TestCluster, TestClusterShape>()("testing/TestCluster") {
  /** A cluster that is up and has its topics, a client of it, and a world for whoever runs with them. */
  static readonly layer = (
    options: TestClusterOptions = {}
  ): Layer.Layer<TestCluster | Klamm | Network, ClusterError | Config.ConfigError | ConfigError> =>
    Layer.effectContext(
      Effect.gen(function* () {
        const seed = yield* Config.withDefault(Config.Int("KLAMM_SEED"), options.seed ?? defaultSeed)
        const { brokers = defaultBrokers, settings = {}, topics = [] } = options
        const run = yield* Effect.acquireRelease(
          Effect.sync(() => new TestWorld({ seed, brokers, settings, print })),
          (made) => Effect.sync(() => made.dispose())
        )
        run.cluster.startAll()
        yield* run.lookNow(begin(run, topics))
        return run.gate.context.pipe(
          Context.add(TestCluster, shapeOf(run)),
          Context.add(Klamm, yield* connect(run, options)),
          Context.add(Network, run.testNetwork)
        )
      })
    )
}
