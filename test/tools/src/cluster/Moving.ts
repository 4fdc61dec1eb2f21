/** kafka-reassign-partitions: plans, moves, throttles' settings, and a move that is under way: listed, verified and cancelled. */
import { type Check, createTopic, refused, works } from "../Tool.ts"
import { endOf, file, settledAt, settles } from "./Asking.ts"
import type { ClusterKit } from "./ThreeNodes.ts"

const TOOL = "kafka-reassign-partitions"
const RECORDS = 20_000

type Moves = ReadonlyArray<readonly [topic: string, partition: number, replicas: ReadonlyArray<number>]>

const planOf = (kit: ClusterKit, name: string, moves: Moves): Promise<string> =>
  file(
    kit,
    name,
    JSON.stringify({
      version: 1,
      partitions: moves.map(([topic, partition, replicas]) => ({ topic, partition, replicas }))
    })
  )

const generated = async (kit: ClusterKit): Promise<string> => {
  const topics = await file(kit, "topics.json", JSON.stringify({ version: 1, topics: [{ topic: "cluster-moved" }] }))
  const shown = await works(
    kit,
    TOOL,
    [...kit.at, "--generate", "--topics-to-move-json-file", topics, "--broker-list", "1,2,3"],
    [/"topic":"cluster-moved","partition":0,"replicas":\[1,2\]/]
  )
  const plan = /^Proposed partition reassignment configuration\n(.*)$/m.exec(shown)?.[1]
  if (plan === undefined) throw new Error(`no plan is proposed:\n${shown}`)
  return file(kit, "generated.json", plan)
}

const moving: Check<ClusterKit> = {
  name: "cluster: kafka-reassign-partitions",
  run: async (kit) => {
    await createTopic(kit, "cluster-moved", "--replica-assignment", "1:2,2:3,3:1")
    const load = [
      "--topic",
      "cluster-moved",
      "--num-records",
      String(RECORDS),
      "--record-size",
      "500",
      "--throughput",
      "-1"
    ]
    await works(kit, "kafka-producer-perf-test", [...kit.at, ...load], [/records sent/])
    const proposed = ["--reassignment-json-file", await generated(kit)]
    await works(
      kit,
      TOOL,
      [...kit.at, "--execute", ...proposed],
      [/^Successfully started partition reassignments for /m]
    )
    await settles(kit, TOOL, [...kit.at, "--verify", ...proposed], [/moved-0 is completed[\s\S]*moved-2 is completed/])

    const moves: Moves = [
      ["cluster-moved", 0, [3, 2]],
      ["cluster-moved", 1, [1, 2, 3]],
      ["cluster-moved", 2, [2]]
    ]
    const plan = ["--reassignment-json-file", await planOf(kit, "plan.json", moves)]
    await works(
      kit,
      TOOL,
      [...kit.at, "--execute", ...plan, "--throttle", "50000000"],
      [/throttle limit was set to 50000000 B/]
    )
    const done = [
      /moved-0 is completed[\s\S]*moved-1 is completed[\s\S]*moved-2 is completed/,
      /Clearing topic-level throttles/
    ]
    await settles(kit, TOOL, [...kit.at, "--verify", ...plan], done)
    for (const entity of ["--topic cluster-moved", "--broker 1"]) {
      const shown = await works(kit, "kafka-configs", [...kit.at, "--describe", ...entity.split(" ")])
      if (shown.includes("throttled")) throw new Error(`the throttle is still there:\n${shown}`)
    }
    await works(kit, TOOL, [...kit.at, "--list"], [/^No partition reassignments found\.$/m])
    await settledAt(kit, "cluster-moved", 0, "[32]", "[32],[32]")
    await settledAt(kit, "cluster-moved", 1, "[123]", "[123],[123],[123]")
    await settledAt(kit, "cluster-moved", 2, "2", "2")
    const end = await endOf(kit, "cluster-moved")
    if (end !== RECORDS) throw new Error(`${RECORDS} records were moved, ${end} are there`)

    const none = ["--reassignment-json-file", await planOf(kit, "none.json", [["cluster-moved", 0, [3, 9]]])]
    await refused(kit, TOOL, [...kit.at, "--execute", ...none], [/Unknown broker id 9/])
    const factor = ["--reassignment-json-file", await planOf(kit, "factor.json", [["cluster-moved", 2, [2, 3]]])]
    const kept = [...kit.at, "--execute", "--disallow-replication-factor-change", ...factor]
    await refused(kit, TOOL, kept, [/InvalidReplicationFactorException|replication factor is changed/])
  }
}

/** So slow that it is under way until it is sped up, or cancelled. */
const underWay: Check<ClusterKit> = {
  name: "cluster: kafka-reassign-partitions --throttle, --list and --cancel",
  run: async (kit) => {
    await createTopic(kit, "cluster-moving", "--replica-assignment", "1:2,2:1")
    const load = ["--topic", "cluster-moving", "--num-records", String(RECORDS), "--record-size", "500"]
    await works(kit, "kafka-producer-perf-test", [...kit.at, ...load, "--throughput", "-1"], [/records sent/])
    const moves: Moves = [
      ["cluster-moving", 0, [3, 1]],
      ["cluster-moving", 1, [2, 3]]
    ]
    const plan = ["--reassignment-json-file", await planOf(kit, "moving.json", moves)]
    const execute = [...kit.at, "--execute", ...plan]
    const ongoing = [
      /^cluster-moving-0: replicas: 3,1,2\. adding: 3\. removing: 2\.$/m,
      /^cluster-moving-1: replicas: 2,3,1\. adding: 3\. removing: 1\.$/m
    ]
    const none = [/^No partition reassignments found\.$/m]
    await works(kit, TOOL, [...execute, "--throttle", "20000"], [/throttle limit was set to 20000 B/])
    for (const at of [kit.at, kit.atControllers]) await works(kit, TOOL, [...at, "--list"], ongoing)
    const inProgress = [/moving-0 is still in progress[\s\S]*moving-1 is still in progress/]
    await works(kit, TOOL, [...kit.at, "--verify", ...plan], inProgress)
    await refused(kit, TOOL, execute, [/there is an existing partition assignment/])
    const cancelled = /^Successfully cancelled partition reassignments for: cluster-moving-0,cluster-moving-1/m
    await works(kit, TOOL, [...kit.at, "--cancel", ...plan], [cancelled])
    await works(kit, TOOL, [...kit.at, "--list"], none)
    await settledAt(kit, "cluster-moving", 0, "[12]", "[12],[12]")

    await works(kit, TOOL, [...execute, "--throttle", "20000"], [/throttle limit was set to 20000 B/])
    await works(kit, TOOL, [...execute, "--additional", "--throttle", "50000000"], [/limit was set to 50000000 B/])
    await settles(kit, TOOL, [...kit.at, "--verify", ...plan], [/moving-0 is completed[\s\S]*moving-1 is completed/])
    await works(kit, TOOL, [...kit.at, "--list"], none)
    await settledAt(kit, "cluster-moving", 1, "[23]", "[23],[23]")
  }
}

export const MOVING: ReadonlyArray<Check<ClusterKit>> = [moving, underWay]
