/**
 * The two brokers of a comparison: given by address, or started here, both with the same properties. Invariant: what was
 * started is stopped. Neighbours: test/clients/harness/Processes.ts (starts them), Run.ts.
 */
import { QUICK_GROUPS, startBroker, startReference } from "klamm-test-clients/Processes"
import { answerTo, type Target } from "./Run.ts"
import { listAt, numberAt, stringAt } from "./Value.ts"
import { Wire } from "./Wire.ts"

export interface Started {
  readonly target: Target
  readonly stop: () => Promise<unknown>
}

/** What both brokers are started with, so that their answers are about the same set-up. */
export const PROPERTIES: Readonly<Record<string, string>> = {
  ...QUICK_GROUPS,
  "offsets.topic.num.partitions": "1",
  "transaction.state.log.num.partitions": "1",
  "group.min.session.timeout.ms": "1000",
  "group.max.size": "4",
  "log.segment.delete.delay.ms": "1000"
}

/** What the reference's start script writes beside the above; ours is told the same. */
const AS_THE_REFERENCE: Readonly<Record<string, string>> = {
  "node.id": "1",
  "offsets.topic.replication.factor": "1",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "default.replication.factor": "1",
  "min.insync.replicas": "1"
}

const METADATA = 3
const DESCRIBE_LOG_DIRS = 35

/** Asks a broker who it is and where it keeps its logs. */
const probe = async (address: string): Promise<Target> => {
  const wire = await Wire.open(address)
  try {
    const metadata = await answerTo(wire, METADATA, 12, { topics: [], allowAutoTopicCreation: false })
    const folders = await answerTo(wire, DESCRIBE_LOG_DIRS, 4, { topics: [] })
    const clusterId = stringAt(metadata, "clusterId")
    const texts = new Map([[clusterId, "<cluster>"]])
    for (const folder of listAt(folders, "results")) texts.set(stringAt(folder, "logDir"), "<folder>")
    return { address, nodeId: numberAt(metadata, "brokers.0.nodeId"), clusterId, texts }
  } finally {
    wire.close()
  }
}

export const given = async (address: string): Promise<Started> => ({
  target: await probe(address),
  stop: async () => undefined
})

const probed = async (running: { readonly bootstrap: string; readonly stop: () => Promise<unknown> }) => {
  try {
    return { target: await probe(running.bootstrap), stop: running.stop }
  } catch (cause) {
    await running.stop()
    throw cause
  }
}

export const startedReference = async (script: string): Promise<Started> =>
  probed(await startReference(script, PROPERTIES))

export const startedOurs = async (): Promise<Started> =>
  probed(await startBroker({ settings: { ...AS_THE_REFERENCE, ...PROPERTIES } }))
