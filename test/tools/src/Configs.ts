/** kafka-configs on topics, one broker, all brokers and groups, and what it must turn down. */
import { type Check, createTopic, type Kit, prints, refused, works } from "./Tool.ts"

const TOOL = "kafka-configs"

const ofTopics = async (kit: Kit): Promise<void> => {
  const alter = [...kit.at, "--alter", "--topic", "tools-configs"]
  const describe = [...kit.at, "--describe", "--topic", "tools-configs"]
  await createTopic(kit, "tools-configs")
  const all = await works(
    kit,
    TOOL,
    [...describe, "--all"],
    [
      /^ {2}cleanup\.policy=delete sensitive=false synonyms=\{DEFAULT_CONFIG:log\.cleanup\.policy=delete\}$/m,
      /^ {2}retention\.ms=604800000 sensitive=false /m
    ]
  )
  const keys = all.match(/ sensitive=/g)?.length ?? 0
  if (keys < 30) throw new Error(`${TOOL} --all shows ${keys} keys of a topic:\n${all}`)
  await works(kit, TOOL, [...alter, "--add-config", "cleanup.policy=[compact,delete],segment.bytes=1048576"])
  await works(kit, TOOL, describe, [
    /^ {2}cleanup\.policy=compact,delete sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:cleanup\.policy=compact,delete, /m,
    /^ {2}segment\.bytes=1048576 /m
  ])
  await works(kit, TOOL, [...alter, "--delete-config", "cleanup.policy,segment.bytes,retention.bytes"])
  await prints(kit, TOOL, describe, ["Dynamic configs for topic tools-configs are:"])
  await refused(
    kit,
    TOOL,
    [...alter, "--add-config", "cleanup.policy=bogus"],
    [/InvalidConfigurationException: Invalid value bogus for configuration cleanup\.policy/]
  )
  await refused(kit, TOOL, [...alter, "--add-config", "nonsense=1"], [/Unknown topic config name: nonsense/])
  await refused(
    kit,
    TOOL,
    [...kit.at, "--alter", "--topic", "tools-none", "--add-config", "segment.bytes=1048576"],
    [/UnknownTopicOrPartitionException/]
  )
}

const ofBrokers = async (kit: Kit): Promise<void> => {
  const one = ["--entity-type", "brokers", "--entity-name", "1"]
  const every = ["--entity-type", "brokers", "--entity-default"]
  const all = await works(
    kit,
    TOOL,
    [...kit.at, "--describe", "--all", "--broker", "1"],
    [/^ {2}node\.id=1 /m, /^ {2}log\.dirs=/m]
  )
  const keys = all.match(/ sensitive=/g)?.length ?? 0
  if (keys < 200) throw new Error(`${TOOL} --all shows ${keys} keys of a broker:\n${all}`)
  await works(kit, TOOL, [
    ...kit.at,
    "--alter",
    ...one,
    "--add-config",
    "log.retention.ms=70000000,log.cleaner.threads=2"
  ])
  await works(kit, TOOL, [...kit.at, "--alter", ...every, "--add-config", "log.retention.ms=80000000"])
  await works(
    kit,
    TOOL,
    [...kit.at, "--describe", ...one],
    [
      /^ {2}log\.cleaner\.threads=2 /m,
      /log\.retention\.ms=70000000 .*DYNAMIC_BROKER_CONFIG:log\.retention\.ms=70000000, DYNAMIC_DEFAULT_BROKER_CONFIG:log\.retention\.ms=80000000, /
    ]
  )
  await works(
    kit,
    TOOL,
    [...kit.at, "--describe", "--topic", "tools-configs", "--all"],
    [/^ {2}retention\.ms=70000000 /m]
  )
  await works(kit, TOOL, [...kit.at, "--alter", ...one, "--delete-config", "log.retention.ms,log.cleaner.threads"])
  await works(
    kit,
    TOOL,
    [...kit.at, "--describe", "--topic", "tools-configs", "--all"],
    [/^ {2}retention\.ms=80000000 /m]
  )
  await works(kit, TOOL, [...kit.at, "--alter", ...every, "--delete-config", "log.retention.ms"])
  await prints(kit, TOOL, [...kit.at, "--describe", ...one], ["Dynamic configs for broker 1 are:"])
  // The cluster has had this one since it was formatted: eligible leader replicas (KIP-966) rest on it.
  const ofElr = "min.insync.replicas=1 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1}"
  await prints(
    kit,
    TOOL,
    [...kit.at, "--describe", ...every],
    ["Default configs for brokers in the cluster are:", `  ${ofElr}`]
  )
  await refused(
    kit,
    TOOL,
    [...kit.at, "--alter", ...one, "--add-config", "log.dirs=elsewhere"],
    [/Cannot update these configs dynamically: \[log\.dirs\]/]
  )
}

const configs: Check = {
  name: TOOL,
  run: async (kit) => {
    await ofTopics(kit)
    await ofBrokers(kit)
    const group = [...kit.at, "--entity-type", "groups", "--entity-name", "tools-g"]
    await works(kit, TOOL, [...group, "--alter", "--add-config", "consumer.session.timeout.ms=50000"])
    await works(kit, TOOL, [...group, "--describe"], [/consumer\.session\.timeout\.ms=50000/])
    const client = [
      ...kit.at,
      "--alter",
      "--entity-type",
      "clients",
      "--entity-name",
      "c",
      "--add-config",
      "producer_byte_rate=1024"
    ]
    await refused(kit, TOOL, client, [/UnsupportedVersionException.*DESCRIBE_CLIENT_QUOTAS/])
  }
}

export const CONFIG_CHECKS: ReadonlyArray<Check> = [configs]
