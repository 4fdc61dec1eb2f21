/**
 * The Apache Kafka that the client's suite runs against: the one that KAFKA_BOOTSTRAP names, or one of a single node that is started here
 * and gone afterwards, however the run ends. Neighbours: test/cluster/src/Reference.ts starts it, `Certificates.ts` is what it shows.
 */

import { freePort } from "klamm-test-clients/Processes"
import { reference } from "klamm-test-cluster/Reference"
import type { TestProject } from "vitest/node"
import { makeCertificates } from "./Certificates.ts"
import { type Listeners, listenersOf, securitySettings } from "./Listeners.ts"

export interface Kafka {
  readonly bootstrap: string
  /** How it can be reached with TLS and SASL; undefined where somebody else has started it. */
  readonly secured: Listeners | undefined
}

declare module "vitest" {
  export interface ProvidedContext {
    readonly kafka: Kafka
  }
}

/** As the stories need them: three partitions, groups that are quick, rights that can be given. */
const settings = {
  "num.partitions": "3",
  "offsets.topic.num.partitions": "3",
  "transaction.state.log.num.partitions": "3",
  "share.coordinator.state.topic.num.partitions": "3",
  "group.initial.rebalance.delay.ms": "100",
  "group.consumer.min.heartbeat.interval.ms": "500",
  "group.consumer.heartbeat.interval.ms": "500",
  "group.share.min.heartbeat.interval.ms": "500",
  "group.share.heartbeat.interval.ms": "500",
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:ANONYMOUS",
  "allow.everyone.if.no.acl.found": "true"
}

const start = async (script: string): Promise<{ readonly kafka: Kafka; readonly end: () => Promise<void> }> => {
  const certificates = await makeCertificates()
  const secured = await listenersOf(freePort, certificates)
  const nodes = await reference(script, 1, (ports) => ({
    ...settings,
    ...securitySettings(ports, secured, certificates)
  }))
  // What ends this process ends the node: it is no child of ours.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1))
  process.once("exit", certificates.remove)
  try {
    await nodes.startAll()
  } catch (cause) {
    await nodes.remove()
    throw cause
  }
  const [bootstrap = ""] = nodes.addresses.values()
  const end = async (): Promise<void> => {
    await nodes.remove()
    certificates.remove()
  }
  return { kafka: { bootstrap, secured }, end }
}

export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const { KAFKA_BOOTSTRAP: bootstrap, KAFKA_REFERENCE: script } = process.env
  if (bootstrap !== undefined) {
    provide("kafka", { bootstrap, secured: undefined })
    return async () => undefined
  }
  if (script === undefined) {
    throw new Error(
      "name a cluster by KAFKA_BOOTSTRAP=host:port, or a script that starts an Apache Kafka by KAFKA_REFERENCE"
    )
  }
  const { kafka, end } = await start(script)
  provide("kafka", kafka)
  return end
}
