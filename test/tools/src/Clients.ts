/** The tools that produce and consume: the console pair, the performance tests, the verifiable pair, the latency test. */
import { type Check, createTopic, type Kit, prints, produceLines, refused, startTool, works } from "./Tool.ts"

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const

const consoleProducer: Check = {
  name: "kafka-console-producer",
  run: async (kit) => {
    const properties = ["parse.key=true", "parse.headers=true"].flatMap((property) => ["--reader-property", property])
    await createTopic(kit, "tools-keyed", "--partitions", "3")
    await produceLines(kit, "tools-keyed", ["h1:v1,h2:v2\tk1\tone", "h1:x\tk2\ttwo", "h9:z\tk3\tthree"], ...properties)
    const offsets = await works(kit, "kafka-get-offsets", [...kit.at, "--topic", "tools-keyed"])
    const written = [...offsets.matchAll(/tools-keyed:\d:(\d+)/g)].reduce((sum, [, end]) => sum + Number(end), 0)
    if (written !== 3) throw new Error(`3 records were sent, the offsets are:\n${offsets}`)
    await createTopic(kit, "tools-codecs")
    for (const codec of CODECS) await produceLines(kit, "tools-codecs", [`by ${codec}`], "--compression-codec", codec)
    await produceLines(kit, "tools-codecs", ["sync"], "--sync", "--command-property", "acks=1")
    await produceLines(
      kit,
      "tools-codecs",
      ["unanswered"],
      "--command-property",
      "acks=0",
      "--command-property",
      "enable.idempotence=false"
    )
  }
}

const CONSUMER = "kafka-console-consumer"

const fromPartition = async (kit: Kit): Promise<void> => {
  const partition = [...kit.at, "--topic", "tools-codecs", "--partition", "0"]
  await works(
    kit,
    CONSUMER,
    [...partition, "--offset", "1", "--max-messages", "2"],
    [/^by gzip\nby snappy\n+Processed a total of 2 /m]
  )
  await works(kit, CONSUMER, [...partition, "--offset", "earliest", "--max-messages", "1"], [/^by none\n/m])
  const latest = startTool(kit, CONSUMER, [
    ...partition,
    "--offset",
    "latest",
    "--max-messages",
    "1",
    "--timeout-ms",
    "20000"
  ])
  for (let sent = 0; sent < 20; sent++) {
    const ended = await Promise.race([latest.ended, produceLines(kit, "tools-codecs", ["late"])])
    if (ended !== undefined) break
  }
  const { output } = await latest.ended
  if (!/^late\n+Processed a total of 1 /m.test(output)) throw new Error(`from the latest offset came:\n${output}`)
}

/** Reads what the console producer's check has written. */
const consoleConsumer: Check = {
  name: CONSUMER,
  run: async (kit) => {
    const shown = ["key", "headers", "partition", "offset", "timestamp"]
    const properties = shown.flatMap((name) => ["--formatter-property", `print.${name}=true`])
    const keyed = [...kit.at, "--topic", "tools-keyed", "--from-beginning", "--max-messages", "3"]
    await works(
      kit,
      CONSUMER,
      [...keyed, ...properties],
      [
        /^CreateTime:\d{13}\tPartition:\d\tOffset:\d\th1:v1,h2:v2\tk1\tone$/m,
        /^CreateTime:\d{13}\tPartition:\d\tOffset:\d\th1:x\tk2\ttwo$/m,
        /^CreateTime:\d{13}\tPartition:\d\tOffset:\d\th9:z\tk3\tthree$/m
      ]
    )
    const all = [...CODECS.map((codec) => `by ${codec}`), "sync", "unanswered"]
    const codecs = ["--topic", "tools-codecs", "--from-beginning", "--max-messages", String(all.length)]
    await works(
      kit,
      CONSUMER,
      [...kit.at, ...codecs, "--isolation-level", "read_committed"],
      [new RegExp(`^${all.join("\n")}$`, "m")]
    )
    const group = [...kit.at, "--topic", "tools-codecs", "--group", "tools-console", "--max-messages", "3"]
    await works(kit, CONSUMER, [...group, "--from-beginning"], [/^by none\nby gzip\nby snappy\n/m])
    await works(kit, CONSUMER, group, [/^by lz4\nby zstd\nsync\n/m])
    const some = ["--include", "tools-(keyed|codecs)", "--from-beginning", "--max-messages", String(3 + all.length)]
    await works(kit, CONSUMER, [...kit.at, ...some], [/^one$/m, /^by zstd$/m])
    await fromPartition(kit)
    const newProtocol = [...keyed, "--group", "tools-848", "--command-property", "group.protocol=consumer"]
    await refused(kit, CONSUMER, newProtocol, [/does not support the new CONSUMER group protocol/])
  }
}

const RECORDS = 50_000

const producerPerformance: Check = {
  name: "kafka-producer-perf-test",
  run: async (kit) => {
    await createTopic(kit, "tools-perf", "--partitions", "2")
    const load = [
      "--topic",
      "tools-perf",
      "--num-records",
      String(RECORDS),
      "--record-size",
      "200",
      "--throughput",
      "-1"
    ]
    const result = new RegExp(`^${RECORDS} records sent, [\\d.]+ records/sec .* 99\\.9th\\.$`, "m")
    for (const property of ["acks=all", "compression.type=lz4"]) {
      await works(kit, "kafka-producer-perf-test", [...kit.at, ...load, "--command-property", property], [result])
    }
  }
}

/** Reads what the producer's check has written. */
const consumerPerformance: Check = {
  name: "kafka-consumer-perf-test",
  run: async (kit) => {
    const load = ["--topic", "tools-perf", "--num-records", String(2 * RECORDS), "--timeout", "20000"]
    const result = new RegExp(`, ${((2 * RECORDS * 200) / 1024 / 1024).toFixed(4)}, [\\d.]+, ${2 * RECORDS}, `)
    await works(kit, "kafka-consumer-perf-test", [...kit.at, ...load], [result])
  }
}

const verifiableProducer: Check = {
  name: "kafka-verifiable-producer",
  run: async (kit) => {
    await createTopic(kit, "tools-verified")
    await works(
      kit,
      "kafka-verifiable-producer",
      [...kit.at, "--topic", "tools-verified", "--max-messages", "5", "--value-prefix", "7"],
      [
        /"name":"producer_send_success","key":null,"value":"7\.4","offset":4,"topic":"tools-verified","partition":0/,
        /"name":"tool_data","sent":5,"acked":5,/
      ]
    )
  }
}

/** Reads what the producer's check has written. */
const verifiableConsumer: Check = {
  name: "kafka-verifiable-consumer",
  run: async (kit) => {
    const group = ["--topic", "tools-verified", "--group-id", "tools-verified", "--max-messages", "5"]
    await works(
      kit,
      "kafka-verifiable-consumer",
      [...kit.at, ...group],
      [
        /"name":"partitions_assigned","partitions":\[\{"topic":"tools-verified","partition":0\}\]/,
        /"name":"records_consumed","count":5,.*"minOffset":0,"maxOffset":4/,
        /"name":"offsets_committed",.*"offset":5\}\],"success":true/
      ]
    )
    const left = ["--describe", "--group", "tools-verified"]
    await works(kit, "kafka-consumer-groups", [...kit.at, ...left], [/tools-verified +0 +5 +5 +0 /])
  }
}

const latency: Check = {
  name: "kafka-e2e-latency",
  run: async (kit) => {
    await createTopic(kit, "tools-latency")
    const load = ["--topic", "tools-latency", "--num-records", "200", "--producer-acks", "all", "--record-size", "100"]
    await works(kit, "kafka-e2e-latency", [...kit.at, ...load], [/^Avg latency: [\d.]+ ms$/m])
    await prints(kit, "kafka-get-offsets", [...kit.at, "--topic", "tools-latency"], ["tools-latency:0:200"])
  }
}

export const CLIENT_CHECKS: ReadonlyArray<Check> = [
  consoleProducer,
  consoleConsumer,
  producerPerformance,
  consumerPerformance,
  verifiableProducer,
  verifiableConsumer,
  latency
]
