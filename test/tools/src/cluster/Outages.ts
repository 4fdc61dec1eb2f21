/**
 * The tools while nodes are killed: what kafka-topics and kafka-leader-election say of partitions that miss replicas or a leader, and
 * what becomes of groups and loads. Each check leaves three nodes that are in sync.
 */
import { type Check, createTopic, produceLines, refused, startTool, works } from "../Tool.ts"
import { allInSync, endOf, file, GONE, leaderOf, settledAt, settles } from "./Asking.ts"
import type { ClusterKit } from "./ThreeNodes.ts"

const others = (kit: ClusterKit, ...dead: ReadonlyArray<number>): ReadonlyArray<string> =>
  kit.atBrokers(...kit.ids.filter((id) => !dead.includes(id)))

const partitionsOf = (output: string): string =>
  [...output.matchAll(/\tTopic: (\S+)\tPartition: (\d+)\t/g)]
    .map(([, topic, partition]) => `${topic}-${partition}`)
    .filter((name) => name.startsWith("cluster-short"))
    .sort()
    .join(" ")

const missing: Check<ClusterKit> = {
  name: "cluster: kafka-topics --under-replicated-partitions and its like",
  run: async (kit) => {
    await createTopic(kit, "cluster-short-three", "--replica-assignment", "1:2:3,3:1:2")
    await createTopic(kit, "cluster-short-two", "--replica-assignment", "1:3,1:2")
    await createTopic(kit, "cluster-short-one", "--replica-assignment", "3", "--config", "min.insync.replicas=1")
    const at = others(kit, 3)
    await kit.kill(3)
    await settledAt(kit, "cluster-short-three", 1, "1", "[12],[12]", at)
    const wanted = {
      "--under-replicated-partitions":
        "cluster-short-one-0 cluster-short-three-0 cluster-short-three-1 cluster-short-two-0",
      "--under-min-isr-partitions": "cluster-short-one-0 cluster-short-two-0",
      "--at-min-isr-partitions": "cluster-short-three-0 cluster-short-three-1 cluster-short-two-1",
      "--unavailable-partitions": "cluster-short-one-0"
    }
    for (const [flag, partitions] of Object.entries(wanted)) {
      const shown = await works(kit, "kafka-topics", [...at, "--describe", flag], [], GONE)
      if (partitionsOf(shown) !== partitions) throw new Error(`${flag} should tell ${partitions}, and told:\n${shown}`)
    }
    await kit.start(3)
    await allInSync(kit)
    for (const flag of Object.keys(wanted).filter((each) => each !== "--at-min-isr-partitions")) {
      const shown = await works(kit, "kafka-topics", [...kit.at, "--describe", flag])
      if (partitionsOf(shown) !== "") throw new Error(`${flag} should tell nothing, and told:\n${shown}`)
    }
  }
}

const elect = (at: ReadonlyArray<string>, type: string, topic: string): ReadonlyArray<string> => [
  ...at,
  "--election-type",
  type,
  "--topic",
  topic,
  "--partition",
  "0"
]

const preferred: Check<ClusterKit> = {
  name: "cluster: kafka-leader-election preferred",
  run: async (kit) => {
    const TOOL = "kafka-leader-election"
    await createTopic(kit, "cluster-preferred", "--replica-assignment", "2:3:1")
    await works(kit, TOOL, elect(kit.at, "preferred", "cluster-preferred"), [/^Valid replica already elected/m])
    await kit.kill(2)
    const at = others(kit, 2)
    await settledAt(kit, "cluster-preferred", 0, "3", "[13],[13]", at)
    await refused(kit, TOOL, elect(at, "preferred", "cluster-preferred"), [/PreferredLeaderNotAvailable/])
    await works(kit, TOOL, elect(at, "unclean", "cluster-preferred"), [/^Valid replica already elected/m], GONE)
    await kit.start(2)
    await allInSync(kit)
    await settledAt(kit, "cluster-preferred", 0, "3", "[123],[123],[123]")
    const done = [/^Successfully completed leader election \(PREFERRED\) for partitions .*cluster-preferred-0/m]
    await works(kit, TOOL, [...kit.at, "--election-type", "preferred", "--all-topic-partitions"], done)
    await settledAt(kit, "cluster-preferred", 0, "2", "[123],[123],[123]")
    await refused(kit, TOOL, elect(kit.at, "preferred", "cluster-none"), [/UnknownTopicOrPartition/])
  }
}

/** The only replica in sync dies; the other comes back, and leads only where somebody asks for it. */
const unclean: Check<ClusterKit> = {
  name: "cluster: kafka-leader-election unclean",
  run: async (kit) => {
    const TOOL = "kafka-leader-election"
    await createTopic(kit, "cluster-unclean", "--replica-assignment", "2:3", "--config", "min.insync.replicas=1")
    await produceLines(kit, "cluster-unclean", ["on both"])
    await kit.kill(3)
    await settledAt(kit, "cluster-unclean", 0, "2", "2", others(kit, 3))
    const lonely = [...others(kit, 3), "--topic", "cluster-unclean"]
    await works(kit, "kafka-console-producer", lonely, [], { ...GONE, input: "on one\n" })
    await kit.kill(2)
    await kit.start(3)
    const at = others(kit, 2)
    await settles(
      kit,
      "kafka-topics",
      [...at, "--describe", "--unavailable-partitions"],
      [/cluster-unclean\tPartition: 0\t/]
    )
    await refused(kit, TOOL, elect(at, "preferred", "cluster-unclean"), [/PreferredLeaderNotAvailable/])
    const done = [/^Successfully completed leader election \(UNCLEAN\) for partitions cluster-unclean-0/m]
    await works(kit, TOOL, elect(at, "unclean", "cluster-unclean"), done, GONE)
    await settledAt(kit, "cluster-unclean", 0, "3", "3", at)
    await kit.start(2)
    await allInSync(kit)
    const read = [...kit.at, "--topic", "cluster-unclean", "--from-beginning", "--max-messages", "1"]
    await works(kit, "kafka-console-consumer", read, [/^on both$/m])
    const end = await endOf(kit, "cluster-unclean")
    if (end !== 1) throw new Error(`what was lost is there again: ${end} records`)
  }
}

const group: Check<ClusterKit> = {
  name: "cluster: kafka-consumer-groups over the coordinator's end",
  run: async (kit) => {
    await createTopic(kit, "cluster-group")
    await produceLines(kit, "cluster-group", ["one", "two", "three"])
    const read = [
      ...kit.at,
      "--topic",
      "cluster-group",
      "--group",
      "cluster-g",
      "--max-messages",
      "2",
      "--from-beginning"
    ]
    await works(kit, "kafka-console-consumer", read, [/^one\ntwo\n/m])
    const offsets = ["--describe", "--group", "cluster-g"]
    const committed = [/cluster-g +cluster-group +0 +2 +3 +1 /]
    await works(kit, "kafka-consumer-groups", [...kit.at, ...offsets], committed)
    const state = [...offsets, "--state"]
    const shown = await works(kit, "kafka-consumer-groups", [...kit.at, ...state], [/ Empty +0$/m])
    const coordinator = Number(/\((\d+)\)/.exec(shown)?.[1])
    await kit.kill(coordinator)
    const at = others(kit, coordinator)
    await settles(kit, "kafka-consumer-groups", [...at, ...offsets], committed)
    const [next] = kit.ids.filter((id) => id !== coordinator)
    const moved = await works(kit, "kafka-consumer-groups", [...at, ...state], [/ Empty +0$/m], GONE)
    if (moved.includes(`(${coordinator})`)) throw new Error(`the coordinator is still ${coordinator}:\n${moved}`)
    const rest = [...kit.atBrokers(next!), "--topic", "cluster-group", "--group", "cluster-g", "--max-messages", "1"]
    await works(kit, "kafka-console-consumer", rest, [/^three\n/m], GONE)
    await kit.start(coordinator)
    await allInSync(kit)
    await settles(kit, "kafka-consumer-groups", [...kit.at, ...offsets], [/cluster-g +cluster-group +0 +3 +3 +0 /])
  }
}

const VERIFIED = 6_000

const verifiable: Check<ClusterKit> = {
  name: "cluster: kafka-verifiable-producer and -consumer through the kill of a leader",
  run: async (kit) => {
    const topic = ["--topic", "cluster-verifiable"]
    await createTopic(kit, "cluster-verifiable", "--partitions", "1")
    const limits = ["--max-messages", String(VERIFIED)]
    // Of itself it never sends anything twice.
    const retrying = await file(kit, "retrying.properties", "retries=2147483647\nenable.idempotence=true\n")
    const rate = ["--throughput", "500", "--command-config", retrying]
    const producer = startTool(kit, "kafka-verifiable-producer", [...kit.at, ...topic, ...limits, ...rate])
    const group = ["--group-id", "cluster-verifiable", "--reset-policy", "earliest"]
    const consumer = startTool(kit, "kafka-verifiable-consumer", [...kit.at, ...topic, ...limits, ...group])
    await producer.printed(new RegExp(`"offset":${VERIFIED / 6},`))
    const leader = await leaderOf(kit, "cluster-verifiable")
    await kit.kill(leader)
    const sent = await producer.ended
    const data = new RegExp(`"name":"tool_data","sent":${VERIFIED},"acked":${VERIFIED},`)
    if (!data.test(sent.output)) throw new Error(`not all was acknowledged:\n${sent.output.slice(-1_500)}`)
    const got = await consumer.ended
    const counts = [...got.output.matchAll(/"name":"records_consumed","count":(\d+)/g)].map(([, count]) =>
      Number(count)
    )
    const consumed = counts.reduce((sum, count) => sum + count, 0)
    if (consumed < VERIFIED)
      throw new Error(`${VERIFIED} were sent, ${consumed} consumed:\n${got.output.slice(-1_500)}`)
    await kit.start(leader)
    await allInSync(kit)
    const end = await endOf(kit, "cluster-verifiable")
    if (end !== VERIFIED) throw new Error(`${VERIFIED} were acknowledged, ${end} are there`)
  }
}

const LOAD = 40_000

const load: Check<ClusterKit> = {
  name: "cluster: kafka-producer-perf-test through the kill of a leader",
  run: async (kit) => {
    await createTopic(kit, "cluster-load", "--partitions", "3")
    const words = [
      "--topic",
      "cluster-load",
      "--num-records",
      String(LOAD),
      "--record-size",
      "200",
      "--throughput",
      "4000"
    ]
    const often = ["--reporting-interval", "1000", "--command-property", "acks=all"]
    const tool = startTool(kit, "kafka-producer-perf-test", [...kit.at, ...words, ...often])
    await tool.printed(/records sent/)
    const leader = await leaderOf(kit, "cluster-load")
    await kit.kill(leader)
    const { output } = await tool.ended
    if (!new RegExp(`^${LOAD} records sent`, "m").test(output)) throw new Error(`it printed:\n${output.slice(-1_500)}`)
    // The client's own log warns of what it tries again; a record that was given up leaves the error's stack.
    const givenUp = output.split("\n").filter((line) => /Exception/.test(line) && !/\] (?:WARN|INFO) /.test(line))
    if (givenUp.length > 0) throw new Error(`some were refused:\n${output.slice(0, 1_500)}`)
    await kit.start(leader)
    await allInSync(kit)
    const end = await endOf(kit, "cluster-load")
    if (end !== LOAD) throw new Error(`${LOAD} were sent, ${end} are there`)
  }
}

export const OUTAGES: ReadonlyArray<Check<ClusterKit>> = [missing, preferred, unclean, group, verifiable, load]
