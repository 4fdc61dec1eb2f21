/**
 * The tools that ask about the cluster and its features, and those whose requests this release does not serve: they have to
 * say so rather than hang.
 */
import { type Check, createTopic, type Kit, produceLines, refused, works } from "./Tool.ts"

const apiVersions: Check = {
  name: "kafka-broker-api-versions",
  run: async (kit) => {
    await works(kit, "kafka-broker-api-versions", kit.at, [
      new RegExp(`^${kit.address.replaceAll(".", "\\.")} \\(id: 1 rack: null isFenced: false\\) -> \\($`, "m"),
      /^\tProduce\(0\): 0 to 13 \[usable: 13\],$/m,
      /^\tFetch\(1\): 4 to 18 \[usable: 18\],$/m,
      /^\tJoinGroup\(11\): 0 to 9 \[usable: 9\],$/m,
      /^\tEndTxn\(26\): UNSUPPORTED,$/m
    ])
  }
}

const cluster: Check = {
  name: "kafka-cluster",
  run: async (kit) => {
    await works(kit, "kafka-cluster", ["cluster-id", ...kit.at], [/^Cluster ID: [\w-]{22}$/m])
    const [host, port] = kit.address.split(":")
    const line = new RegExp(`^1 +${host!.replaceAll(".", "\\.")} +${port} +null +unfenced +broker *$`, "m")
    await works(kit, "kafka-cluster", ["list-endpoints", ...kit.at], [line])
    await works(kit, "kafka-cluster", ["list-endpoints", ...kit.at, "--include-fenced-brokers"], [line])
  }
}

const features: Check = {
  name: "kafka-features",
  run: async (kit) => {
    await works(
      kit,
      "kafka-features",
      [...kit.at, "describe"],
      [/^Feature: metadata\.version /m, /^Feature: kraft\.version /m]
    )
  }
}

const transactions: Check = {
  name: "kafka-transactions describe-producers",
  run: async (kit) => {
    await createTopic(kit, "tools-producers")
    await produceLines(kit, "tools-producers", ["one", "two"])
    const producers = [...kit.at, "describe-producers", "--topic", "tools-producers", "--partition", "0"]
    await works(kit, "kafka-transactions", producers, [/^\d+ +\t0 +\t-1 +\t1 +\t\d{13}\tNone/m])
  }
}

const clientMetrics: Check = {
  name: "kafka-client-metrics",
  run: async (kit) => {
    const metrics = ["--alter", "--name", "tools-metrics", "--metrics", "org.apache.kafka.", "--interval", "30000"]
    await works(
      kit,
      "kafka-client-metrics",
      [...kit.at, ...metrics],
      [/Altered client metrics config for tools-metrics/]
    )
    await works(kit, "kafka-client-metrics", [...kit.at, "--list"], [/^tools-metrics$/m])
    await works(
      kit,
      "kafka-client-metrics",
      [...kit.at, "--describe", "--name", "tools-metrics"],
      [/interval\.ms=30000/]
    )
    await works(
      kit,
      "kafka-client-metrics",
      [...kit.at, "--delete", "--name", "tools-metrics"],
      [/Deleted client metrics/]
    )
  }
}

/** Of a quorum and of replicas that are one; with three nodes they do their whole job. */
const alone: Check = {
  name: "kafka-metadata-quorum and kafka-leader-election, of one node",
  run: async (kit) => {
    const status = [/^LeaderId: +1$/m, /^CurrentVoters: +\[\{"id": 1, /m, /^CurrentObservers: +\[\]$/m]
    await works(kit, "kafka-metadata-quorum", [...kit.at, "describe", "--status"], status)
    await createTopic(kit, "tools-alone")
    const one = ["--topic", "tools-alone", "--partition", "0"]
    const elected = [/^Valid replica already elected for partitions tools-alone-0/m]
    await works(kit, "kafka-leader-election", [...kit.at, "--election-type", "preferred", ...one], elected)
    await refused(kit, "kafka-cluster", ["unregister", ...kit.at, "--id", "7"], [/BrokerIdNotRegisteredException/])
  }
}

const notServed = (tool: string, args: ReadonlyArray<string>, says: RegExp): Check => ({
  name: `${tool} (not served)`,
  run: (kit: Kit) => refused(kit, tool, [...kit.at, ...args], [says])
})

export const CLUSTER_CHECKS: ReadonlyArray<Check> = [
  apiVersions,
  cluster,
  features,
  transactions,
  clientMetrics,
  alone,
  notServed("kafka-acls", ["--list"], /does not support DESCRIBE_ACLS/),
  notServed("kafka-transactions", ["list"], /does not support LIST_TRANSACTIONS/)
]
