/** Topics, their offsets and their sizes on disk: kafka-topics, kafka-get-offsets, kafka-delete-records, kafka-log-dirs. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Check, createTopic, type Kit, prints, produceLines, refused, works } from "./Tool.ts"

const alterTopics = async (kit: Kit): Promise<void> => {
  const topics = (...args: Array<string>): Array<string> => [...kit.at, ...args]
  await works(kit, "kafka-topics", topics("--alter", "--topic", "tools-t1", "--partitions", "5"))
  await works(kit, "kafka-topics", topics("--describe", "--topic", "tools-t1"), [
    /PartitionCount: 5/,
    /Partition: 4\tLeader: 1/
  ])
  await refused(kit, "kafka-topics", topics("--alter", "--topic", "tools-t1", "--partitions", "2"), [
    /InvalidPartitionsException: The topic tools-t1 currently has 5 partition\(s\); 2 would not be an increase/
  ])
  await works(kit, "kafka-topics", topics("--delete", "--topic", "tools-t2"))
  await refused(kit, "kafka-topics", topics("--delete", "--topic", "tools-t2"), [/'tools-t2' does not exist/])
  await prints(kit, "kafka-topics", topics("--list", "--exclude-internal"), ["tools-t1"])
  await works(kit, "kafka-topics", topics("--delete", "--topic", "tools-t1"))
  await prints(kit, "kafka-topics", topics("--list", "--exclude-internal"), [])
}

/** Runs first: it lists all topics. */
const topics: Check = {
  name: "kafka-topics",
  run: async (kit) => {
    await createTopic(kit, "tools-t1", "--partitions", "3", "--config", "retention.ms=60000000")
    await createTopic(kit, "tools-t2", "--replica-assignment", "1,1")
    await refused(
      kit,
      "kafka-topics",
      [...kit.at, "--create", "--topic", "tools-t1"],
      [/TopicExistsException: Topic 'tools-t1' already exists/]
    )
    await prints(kit, "kafka-topics", [...kit.at, "--create", "--if-not-exists", "--topic", "tools-t1"], [])
    await refused(
      kit,
      "kafka-topics",
      [...kit.at, "--create", "--topic", "tools-wide", "--replication-factor", "2"],
      [/InvalidReplicationFactorException/]
    )
    await prints(kit, "kafka-topics", [...kit.at, "--list"], ["tools-t1", "tools-t2"])
    await works(
      kit,
      "kafka-topics",
      [...kit.at, "--describe"],
      [
        /^Topic: tools-t1\tTopicId: \S{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: min\.insync\.replicas=1,retention\.ms=60000000$/m,
        /^\tTopic: tools-t1\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: $/m,
        /^Topic: tools-t2\tTopicId: \S{22}\tPartitionCount: 2\t/m
      ]
    )
    await prints(kit, "kafka-topics", [...kit.at, "--describe", "--under-replicated-partitions"], [])
    await prints(kit, "kafka-topics", [...kit.at, "--describe", "--unavailable-partitions"], [])
    await alterTopics(kit)
  }
}

/** Every kind of --time, with the line it answers for a topic of three records, or none. */
const TIMES: ReadonlyArray<readonly [string, string | undefined]> = [
  ["latest", "tools-offsets:0:3"],
  ["-1", "tools-offsets:0:3"],
  ["earliest", "tools-offsets:0:0"],
  ["-2", "tools-offsets:0:0"],
  ["max-timestamp", "tools-offsets:0:2"],
  ["earliest-local", "tools-offsets:0:0"],
  ["latest-tiered", undefined],
  ["earliest-pending-upload", undefined],
  ["0", "tools-offsets:0:0"],
  ["99999999999999", undefined]
]

const getOffsets: Check = {
  name: "kafka-get-offsets",
  run: async (kit) => {
    await createTopic(kit, "tools-offsets")
    for (const line of ["one", "two", "three"]) await produceLines(kit, "tools-offsets", [line])
    for (const [time, line] of TIMES) {
      const args = [...kit.at, "--topic", "tools-offsets", "--time", time]
      await prints(kit, "kafka-get-offsets", args, line === undefined ? [] : [line])
    }
    const partitions = [...kit.at, "--topic-partitions", "tools-off.*:0-1"]
    await prints(kit, "kafka-get-offsets", partitions, ["tools-offsets:0:3"])
    await refused(
      kit,
      "kafka-get-offsets",
      [...kit.at, "--topic", "tools-none"],
      [/Could not match any topic-partitions/]
    )
  }
}

const deleteRecords: Check = {
  name: "kafka-delete-records",
  run: async (kit) => {
    await createTopic(kit, "tools-deleted")
    await produceLines(kit, "tools-deleted", ["one", "two", "three"])
    const deletion = async (offset: number): Promise<Array<string>> => {
      const file = join(kit.folder, `delete-${offset}.json`)
      const partitions = [{ topic: "tools-deleted", partition: 0, offset }]
      await writeFile(file, JSON.stringify({ version: 1, partitions }))
      return [...kit.at, "--offset-json-file", file]
    }
    await works(kit, "kafka-delete-records", await deletion(2), [/partition: tools-deleted-0\tlow_watermark: 2/])
    const earliest = [...kit.at, "--topic", "tools-deleted", "--time", "earliest"]
    await prints(kit, "kafka-get-offsets", earliest, ["tools-deleted:0:2"])
    await refused(kit, "kafka-delete-records", await deletion(99), [/OffsetOutOfRangeException/])
    await works(kit, "kafka-delete-records", await deletion(-1), [/partition: tools-deleted-0\tlow_watermark: 3/])
  }
}

const logDirs: Check = {
  name: "kafka-log-dirs",
  run: async (kit) => {
    await createTopic(kit, "tools-sized")
    await produceLines(kit, "tools-sized", ["something"])
    await works(
      kit,
      "kafka-log-dirs",
      [...kit.at, "--describe", "--topic-list", "tools-sized"],
      [/"partitions":\[\{"partition":"tools-sized-0","size":[1-9]\d*,"offsetLag":0,"isFuture":false\}\],"error":null/]
    )
    await works(kit, "kafka-log-dirs", [...kit.at, "--describe"], [/"broker":1/, /"partition":"tools-sized-0"/])
    await refused(kit, "kafka-log-dirs", [...kit.at, "--describe", "--broker-list", "1,2"], [/do not exist.*: 2/])
  }
}

export const TOPIC_CHECKS: ReadonlyArray<Check> = [topics, getOffsets, deleteRecords, logDirs]
