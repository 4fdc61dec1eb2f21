/** The tools that ask a cluster what it is: nodes, endpoints, features, configuration, quorum. */
import { type Check, createTopic, produceLines, refused, startTool, works } from "../Tool.ts"
import { settles } from "./Asking.ts"
import type { ClusterKit } from "./ThreeNodes.ts"

const dotted = (address: string): string => address.replaceAll(".", "\\.")

const apiVersions: Check<ClusterKit> = {
  name: "cluster: kafka-broker-api-versions",
  run: async (kit) => {
    const nodes = kit.ids.map(
      (id) =>
        new RegExp(`^${dotted(kit.addressOf(id))} \\(id: ${id} rack: ${kit.rackOf(id)} isFenced: false\\) -> `, "m")
    )
    const shown = await works(kit, "kafka-broker-api-versions", kit.at, [...nodes, /^\tDescribeQuorum\(55\): 0 to 2 /m])
    const quorums = shown.match(/^\tAddRaftVoter\(80\): 0 to 1 /gm)?.length
    if (quorums !== kit.ids.length) throw new Error(`AddRaftVoter is told by ${quorums} nodes`)
  }
}

const cluster: Check<ClusterKit> = {
  name: "cluster: kafka-cluster",
  run: async (kit) => {
    const id = [new RegExp(`^Cluster ID: ${kit.clusterId}$`, "m")]
    const ofBrokers = kit.ids.map((node) => {
      const [host, port] = kit.addressOf(node).split(":")
      return new RegExp(`^${node} +${dotted(host!)} +${port} +${kit.rackOf(node)} +unfenced +broker *$`, "m")
    })
    const ofControllers = kit.ids.map((node) => {
      const [host, port] = kit.controllerOf(node).split(":")
      return new RegExp(`^${node} +${dotted(host!)} +${port} +null +controller *$`, "m")
    })
    for (const at of [kit.at, kit.atControllers]) await works(kit, "kafka-cluster", ["cluster-id", ...at], id)
    await works(kit, "kafka-cluster", ["list-endpoints", ...kit.at], ofBrokers)
    await works(kit, "kafka-cluster", ["list-endpoints", ...kit.at, "--include-fenced-brokers"], ofBrokers)
    await works(kit, "kafka-cluster", ["list-endpoints", ...kit.atControllers], ofControllers)
    await refused(kit, "kafka-cluster", ["unregister", ...kit.at, "--id", "9"], [/BrokerIdNotRegisteredException/])
  }
}

const ELR = "eligible.leader.replicas.version"

const features: Check<ClusterKit> = {
  name: "cluster: kafka-features",
  run: async (kit) => {
    const told = [/^Feature: metadata\.version /m, /^Feature: kraft\.version .*FinalizedVersionLevel: 1 /m]
    const elr = (level: number) => [new RegExp(`^Feature: ${dotted(ELR)} .*FinalizedVersionLevel: ${level} `, "m")]
    for (const at of [kit.at, kit.atControllers]) {
      const feature = (...words: ReadonlyArray<string>) => [...at, ...words]
      await works(kit, "kafka-features", feature("describe"), [...told, ...elr(1)])
      await works(kit, "kafka-features", feature("downgrade", "--feature", `${ELR}=0`), [/was downgraded to 0\./])
      await settles(kit, "kafka-features", feature("describe"), elr(0))
      await works(kit, "kafka-features", feature("upgrade", "--feature", `${ELR}=1`, "--dry-run"), [/can be upgraded/])
      await works(kit, "kafka-features", feature("describe"), elr(0))
      await works(kit, "kafka-features", feature("upgrade", "--feature", `${ELR}=1`), [/was upgraded to 1\./])
      await settles(kit, "kafka-features", feature("describe"), elr(1))
    }
    const no = (words: ReadonlyArray<string>, says: RegExp) =>
      refused(kit, "kafka-features", [...kit.at, ...words], [says])
    await no(["upgrade", "--feature", `${ELR}=9`], /Could not upgrade .* only supports versions 0-1/)
    await no(["upgrade", "--feature", "metadata.version=7"], /Could not upgrade .* without setting the upgrade type/)
    await no(["downgrade", "--feature", `${ELR}=2`], /Could not downgrade/)
    await no(["downgrade", "--feature", "metadata.version=7"], /Refusing to perform the requested downgrade/)
    await no(["downgrade", "--feature", "metadata.version=7", "--unsafe"], /Unsafe metadata downgrade is not supported/)
    await no(["upgrade", "--feature", "group.version=1"], /does not support the given feature/)
  }
}

const configs: Check<ClusterKit> = {
  name: "cluster: kafka-configs",
  run: async (kit) => {
    const TOOL = "kafka-configs"
    await createTopic(kit, "cluster-configs", "--partitions", "3")
    const [key, synonym] = ["log.retention.ms", "DYNAMIC_DEFAULT_BROKER_CONFIG:log\\.retention\\.ms"]
    for (const [at, value] of [
      [kit.at, "80000000"],
      [kit.atControllers, "90000000"]
    ] as const) {
      await works(
        kit,
        TOOL,
        [...at, "--alter", "--broker-defaults", "--add-config", `${key}=${value}`],
        [/^Completed /m]
      )
      const shown = [new RegExp(`^ {2}log\\.retention\\.ms=${value} .*${synonym}=${value}`, "m")]
      await settles(kit, TOOL, [...at, "--describe", "--broker-defaults"], shown)
      for (const id of kit.ids) {
        await settles(kit, TOOL, [...kit.atBrokers(id), "--describe", "--all", "--broker", String(id)], shown)
      }
      const topic = [...kit.at, "--describe", "--all", "--topic", "cluster-configs"]
      await works(kit, TOOL, topic, [new RegExp(`^ {2}retention\\.ms=${value} `, "m")])
      await works(kit, TOOL, [...at, "--alter", "--broker-defaults", "--delete-config", key], [/^Completed /m])
    }
    const one = [...kit.at, "--broker", "2"]
    await works(kit, TOOL, [...one, "--alter", "--add-config", "log.cleaner.threads=2"], [/^Completed /m])
    await settles(kit, TOOL, [...one, "--describe"], [/DYNAMIC_BROKER_CONFIG:log\.cleaner\.threads=2/])
    await works(kit, TOOL, [...one, "--alter", "--delete-config", "log.cleaner.threads"], [/^Completed /m])
  }
}

const replication = (kit: ClusterKit): ReadonlyArray<RegExp> => [
  /^\d\t.*\tLeader\t?\s*$/m,
  ...kit.ids.map(
    (id) => new RegExp(`^${id} *\t${kit.directoryIdOf(id)}\t\\d+ *\t0 +\t.*\t(?:Leader|Follower) *\t$`, "m")
  )
]

const quorum: Check<ClusterKit> = {
  name: "cluster: kafka-metadata-quorum describe",
  run: async (kit) => {
    const voters = kit.ids.map((id) => {
      const endpoint = `"endpoints": \\["CONTROLLER://${dotted(kit.controllerOf(id))}"\\]`
      return new RegExp(
        `^CurrentVoters:.*\\{"id": ${id}, "directoryId": "${kit.directoryIdOf(id)}", ${endpoint}\\}`,
        "m"
      )
    })
    const status = [
      new RegExp(`^ClusterId: +${kit.clusterId}$`, "m"),
      /^LeaderId: +[123]$/m,
      /^CurrentObservers: +\[\]$/m
    ]
    for (const at of [kit.at, kit.atControllers]) {
      await works(kit, "kafka-metadata-quorum", [...at, "describe", "--status"], [...status, ...voters])
      const lags = [...at, "describe", "--replication", "--human-readable"]
      await settles(kit, "kafka-metadata-quorum", lags, replication(kit).slice(1))
    }
    for (const id of kit.ids) {
      await works(kit, "kafka-metadata-quorum", [...kit.atBrokers(id), "describe", "--status"], voters)
    }
  }
}

const verification: Check<ClusterKit> = {
  name: "cluster: kafka-replica-verification",
  run: async (kit) => {
    await createTopic(kit, "cluster-verified", "--partitions", "3")
    await produceLines(kit, "cluster-verified", ["one", "two", "three"])
    const brokers = kit.ids.map(kit.addressOf).join(",")
    const words = ["--broker-list", brokers, "--topics-include", "cluster-verified", "--report-interval-ms", "1000"]
    const tool = startTool(kit, "kafka-replica-verification", words)
    await tool.printed(/max lag is 0 for partition cluster-verified-\d at offset \d+ among 3 partitions/)
    tool.stop("SIGKILL")
    await tool.ended
  }
}

export const DESCRIBING: ReadonlyArray<Check<ClusterKit>> = [
  apiVersions,
  cluster,
  features,
  configs,
  quorum,
  verification
]
