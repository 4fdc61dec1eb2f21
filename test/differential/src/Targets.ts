/**
 * The two brokers of a comparison: given by address, or started here, both with the same properties. Invariant: what was
 * started is stopped. Neighbours: test/clients/harness/Processes.ts (starts them), Run.ts.
 */
import { QUICK_GROUPS, startBroker, startReference } from "../../clients/harness/Processes.ts"
import { answerTo, type Target } from "./Run.ts"
import { at, numberAt, stringAt } from "./Value.ts"
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

/** Asks a broker who it is. */
const probe = async (address: string, texts: ReadonlyMap<string, string>): Promise<Target> => {
  const wire = await Wire.open(address)
  try {
    const answer = await answerTo(wire, METADATA, 12, { topics: [], allowAutoTopicCreation: false })
    const clusterId = stringAt(answer, "clusterId")
    const nodeId = numberAt(at(answer, "brokers.0"), "nodeId")
    return { address, nodeId, clusterId, texts: new Map([...texts, [clusterId, "<cluster>"]]) }
  } finally {
    wire.close()
  }
}

export const given = async (address: string): Promise<Started> => ({
  target: await probe(address, new Map()),
  stop: async () => undefined
})

export const startedReference = async (script: string): Promise<Started> => {
  const running = await startReference(script, PROPERTIES)
  const target = await probe(running.bootstrap, new Map([[`${running.directory}/data-1`, "<folder>"]]))
  return { target, stop: running.stop }
}

export const startedOurs = async (): Promise<Started> => {
  const running = await startBroker({ settings: { ...AS_THE_REFERENCE, ...PROPERTIES } })
  try {
    return { target: await probe(running.bootstrap, new Map([[running.directory, "<folder>"]])), stop: running.stop }
  } catch (cause) {
    await running.stop()
    throw cause
  }
}
