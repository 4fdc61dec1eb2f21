/**
 * The rounds: under load, something is done to a node, the load must go on, the node comes back, and all must be whole again before
 * the next round. Invariant: whatever is done, nothing that was acknowledged may be lost, and every partition must take writes
 * again; while only one of three is there, none may be acknowledged. Neighbours: Deeds.ts (what is done), Verify.ts (the end).
 */
import type { Place } from "klamm-test-crash/Calls"
import { Chance } from "klamm-test-crash/Chance"
import { keyOf } from "klamm-test-crash/Ledger"
import { numberAt } from "klamm-test-differential/Value"
import { Client } from "./Client.ts"
import { type Deed, type Done, type Kind, perform } from "./Deeds.ts"
import { type Foreign, type ForeignReport, foreignPartitions, judge as judgeForeign, printForeign } from "./Foreign.ts"
import { Group } from "./Group.ts"
import { Ledger } from "./Ledger.ts"
import { Gone } from "./Link.ts"
import type { Nodes } from "./Nodes.ts"
import { Probe } from "./Probe.ts"
import { Producer } from "./Producer.ts"
import { Watch } from "./Times.ts"
import { Topology } from "./Topology.ts"
import { compareStored, type Verdict, verify } from "./Verify.ts"
import { now, sleep, until } from "./Waiting.ts"

export interface RoundsOptions {
  readonly rounds: number
  readonly seed: number
  readonly kinds: ReadonlyArray<Kind>
  readonly partitions: number
  readonly producers: number
  /** Clients of others, made for the brokers' addresses. */
  readonly foreign: ReadonlyArray<(addresses: ReadonlyArray<string>) => Foreign>
}

export interface Outcome extends Verdict {
  readonly rounds: ReadonlyArray<Done>
  readonly ledger: Ledger
  readonly foreign: ReadonlyMap<string, ForeignReport>
  readonly seconds: number
}

const CREATE_TOPICS = 19
const TOPIC = "cluster"
const PROBE_TOPIC = "cluster-probe"
const CREATED_WITHIN_MS = 60_000
const RECOVERED_WITHIN_MS = 90_000
const LOAD_ENDS_WITHIN_MS = 60_000
const BETWEEN_ROUNDS_MIN_MS = 200
const BETWEEN_ROUNDS_MAX_MS = 1_000

/** Creates a topic through any broker, or finds it there. */
export const createTopic = async (
  topology: Topology,
  name: string,
  numPartitions: number,
  replicationFactor: number
): Promise<void> => {
  const client = new Client(topology.addresses, "cluster-admin")
  let turn = 0
  let last = "nobody answered"
  const created = async (): Promise<boolean> => {
    const broker = topology.ids[turn++ % topology.ids.length]!
    try {
      const answer = await client.call(
        broker,
        CREATE_TOPICS,
        5,
        {
          topics: [{ name, numPartitions, replicationFactor, assignments: [], configs: [] }],
          timeoutMs: CREATED_WITHIN_MS
        },
        CREATED_WITHIN_MS
      )
      const errorCode = numberAt(answer, "topics.0.errorCode")
      last = `broker ${broker} answered ${errorCode}`
      return errorCode === 0 || errorCode === 36
    } catch (cause) {
      if (!(cause instanceof Gone)) throw cause
      return false
    }
  }
  try {
    await until(`topic ${name}`, CREATED_WITHIN_MS, created, () => last)
  } finally {
    client.close()
  }
}

/** Why the cluster is not whole; undefined when every broker says that every partition is led and in sync everywhere. */
export const notWhole = async (topology: Topology, partitions: number): Promise<string | undefined> => {
  const views = await topology.askAll()
  const epochs = new Map<string, number>()
  for (const id of topology.ids) {
    const view = views.get(id)
    if (view === undefined) return `broker ${id} does not answer`
    if (view.brokers.length !== topology.ids.length) return `broker ${id} knows of brokers ${view.brokers.join(", ")}`
    if (view.partitions.length !== partitions) return `broker ${id} knows ${view.partitions.length} partitions`
    for (const one of view.partitions) {
      const key = keyOf(one)
      const epoch = epochs.get(key) ?? one.epoch
      epochs.set(key, epoch)
      if (one.epoch !== epoch) return `brokers differ about the leader epoch of ${key}`
      if (one.leader < 0 || one.isr.length !== one.replicas.length) {
        return `broker ${id} says of ${key}: leader ${one.leader}, in sync ${one.isr.join(", ")} of ${one.replicas.join(", ")}`
      }
    }
  }
  return undefined
}

const whole = async (topology: Topology, partitions: number, withinMs: number): Promise<number> => {
  let why: string | undefined
  return until(
    "a whole cluster",
    withinMs,
    async () => {
      why = await notWhole(topology, partitions)
      return why === undefined
    },
    () => why ?? ""
  )
}

interface Load {
  readonly stop: () => Promise<void>
  /** Why it ended before it was told to; undefined while it has not. */
  readonly failure: () => unknown
}

const startLoad = (
  runners: ReadonlyArray<{ readonly stop: () => void }>,
  running: ReadonlyArray<Promise<void>>
): Load => {
  let failure: unknown
  const all = Promise.all(running).then(
    () => undefined,
    (cause: unknown) => {
      failure = cause ?? new Error("the load ended")
    }
  )
  let over = false
  void all.then(() => {
    over = true
  })
  return {
    stop: async () => {
      for (const runner of runners) runner.stop()
      await until("the end of the load", LOAD_ENDS_WITHIN_MS, () => over)
    },
    failure: () => failure
  }
}

/** One round; answers what was done and how long writes stood still. */
const round = async (deed: Deed, nodes: Nodes, topology: Topology, places: ReadonlyArray<Place>, ledger: Ledger) => {
  await topology.refresh()
  const leaders = new Map(places.map((place) => [keyOf(place), topology.of(place)?.leader ?? -1]))
  const watch = new Watch(now())
  ledger.watch = watch
  const allWrite = (): boolean => {
    const [death] = nodes.deaths()
    if (death !== undefined) throw new Error(death)
    return places.every((place) => watch.next.has(keyOf(place)))
  }
  console.log(`${new Date().toISOString().slice(11, 23)} ${deed.kind} ${deed.node}${deed.detail}`)
  await perform(deed, nodes, watch, allWrite, (what) => ledger.fault(what))
  await until("acknowledged writes to every partition", RECOVERED_WITHIN_MS, allWrite, () => {
    const waiting = places.filter((place) => !watch.next.has(keyOf(place)))
    return `none to ${waiting.map((place) => `${keyOf(place)} (led by ${topology.of(place)?.leader})`).join(", ")}`
  })
  const wholeMs = await whole(topology, places.length + 1, RECOVERED_WITHIN_MS)
  await until("a write of the controller", RECOVERED_WITHIN_MS, () => watch.nextControllerWrite !== undefined)
  ledger.watch = undefined
  const done: Done = { deed, leaders, watch, wholeMs }
  return done
}

const describe = ({ deed, leaders, watch, wholeMs }: Done, ledger: Ledger): string => {
  const led = [...watch.next].filter(([key]) => leaders.get(key) === deed.node).map(([, ms]) => ms)
  const others = [...watch.next].filter(([key]) => leaders.get(key) !== deed.node).map(([, ms]) => ms)
  const longest = (values: ReadonlyArray<number>): string => `${Math.round(Math.max(0, ...values))} ms`
  return (
    `${deed.kind} ${deed.node}${deed.detail}: next write to the ${led.length} it led ${longest(led)}, to others ${longest(others)}, ` +
    `of the controller ${Math.round(watch.nextControllerWrite ?? -1)} ms; whole after ${Math.round(wholeMs)} ms; ` +
    `acknowledged ${ledger.acknowledgedRecords}, retried ${ledger.retried}, faults ${ledger.faults.length}`
  )
}

const detailOf = ({ kind, other, pauseMs, atOnce }: Deed): string => {
  if (kind === "pause") return ` for ${pauseMs} ms`
  if (kind === "kill-two") return ` and ${other} for ${pauseMs} ms`
  return atOnce && kind !== "restart" ? " (back at once)" : ""
}

/** Chooses what is done next. */
const chooseDeed = async (chance: Chance, options: RoundsOptions, topology: Topology, places: ReadonlyArray<Place>) => {
  const kind = chance.pick(options.kinds)
  await topology.refresh()
  const leader = topology.of(chance.pick(places))?.leader ?? -1
  const any = leader >= 0 ? leader : chance.pick(topology.ids)
  const controller = kind === "kill-controller" ? await topology.activeController() : undefined
  const node = controller ?? any
  const deed: Deed = {
    kind,
    node,
    other: topology.ids.find((id) => id !== node) ?? node,
    pauseMs: kind === "kill-two" ? chance.between(1_000, 5_000) : chance.between(1_000, 12_000),
    atOnce: topology.ids.length === 1 || chance.happens(0.25),
    detail: ""
  }
  return { ...deed, detail: detailOf(deed) }
}

const prepare = async (nodes: Nodes, topology: Topology, partitions: number): Promise<void> => {
  await nodes.startAll()
  const replicas = Math.min(3, nodes.ids.length)
  await createTopic(topology, TOPIC, partitions, replicas)
  await createTopic(topology, PROBE_TOPIC, 1, replicas)
  topology.follow([TOPIC, PROBE_TOPIC])
  await whole(topology, partitions + 1, CREATED_WITHIN_MS)
}

/** Makes them and their topics, and has them begin. */
const startForeign = async (nodes: Nodes, topology: Topology, makers: RoundsOptions["foreign"]) => {
  const addresses = [...nodes.addresses.values()]
  const clients = makers.map((make) => make(addresses))
  for (const { topic, start } of clients) {
    await createTopic(topology, topic, foreignPartitions, Math.min(3, nodes.ids.length))
    await start()
  }
  return clients
}

/** Has them end, and holds them against the log; what does not hold of a client is a fault like any other. */
const stopForeign = async (topology: Topology, clients: ReadonlyArray<Foreign>, ledger: Ledger) => {
  const reports = new Map<string, ForeignReport>()
  topology.follow([TOPIC, PROBE_TOPIC, ...clients.map(({ topic }) => topic)])
  await topology.refresh()
  for (const client of clients) {
    const told = await judgeForeign(topology, client, await client.stop())
    reports.set(client.name, told)
    const isSound = told.acknowledged > 0 && told.lost === 0 && told.duplicated === 0
    if (!isSound) ledger.fault(printForeign(client.name, told))
  }
  topology.follow([TOPIC, PROBE_TOPIC])
  return reports
}

export const runRounds = async (nodes: Nodes, options: RoundsOptions): Promise<Outcome> => {
  const from = now()
  const chance = new Chance(options.seed)
  const ledger = new Ledger()
  const topology = new Topology(nodes.addresses)
  await prepare(nodes, topology, options.partitions)
  const places = Array.from({ length: options.partitions }, (_, partition) => ({ topic: TOPIC, partition }))
  const producers = Array.from(
    { length: options.producers },
    (_, index) => new Producer(`producer ${index}`, new Chance(options.seed + index + 1), topology, ledger)
  )
  const group = new Group(topology, ledger)
  const probe = new Probe(topology, ledger)
  await topology.refresh()
  const load = startLoad(
    [...producers, group, probe],
    [...producers.map((producer) => producer.run(places)), group.run(places), probe.run(PROBE_TOPIC)]
  )
  const rounds: Array<Done> = []
  let clients: ReadonlyArray<Foreign> = []
  let foreign: ReadonlyMap<string, ForeignReport> = new Map()
  const play = async (): Promise<void> => {
    await until("a first commit", CREATED_WITHIN_MS, () => ledger.commitsAcknowledged > 0)
    clients = await startForeign(nodes, topology, options.foreign)
    while (rounds.length < options.rounds && ledger.faults.length === 0) {
      await sleep(chance.between(BETWEEN_ROUNDS_MIN_MS, BETWEEN_ROUNDS_MAX_MS))
      if (load.failure() !== undefined) throw load.failure()
      const done = await round(await chooseDeed(chance, options, topology, places), nodes, topology, places, ledger)
      rounds.push(done)
      await group.check(places)
      console.log(`round ${rounds.length}: ${describe(done, ledger)}`)
    }
    await load.stop()
    foreign = await stopForeign(topology, clients, ledger)
  }
  const judge = async (): Promise<Verdict> => {
    const verdict = await verify(topology, places, ledger)
    await group.check(places)
    // All at once: the last one alone would have no quorum to take its leave from.
    await Promise.all(nodes.ids.map((id) => nodes.stop(id)))
    return { ...verdict, replicasStored: await compareStored(nodes, topology, places, ledger) }
  }
  let verdict: Verdict = { verified: 0, lost: 0, duplicated: 0, replicasServed: 0, replicasStored: 0 }
  try {
    await play()
    verdict = await judge()
  } catch (cause) {
    // What was measured until then is told all the same.
    ledger.fault(`after ${rounds.length} rounds: ${cause instanceof Error ? cause.stack : String(cause)}`)
  } finally {
    for (const one of [...producers, group, probe]) {
      one.stop()
      one.close()
    }
    for (const client of clients) client.abandon()
    topology.close()
  }
  return { ...verdict, rounds, ledger, foreign, seconds: (now() - from) / 1_000 }
}
