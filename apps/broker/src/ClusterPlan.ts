/**
 * What `--brokers N` starts: for each node its ports, folder and properties. Pure. Invariant: the same options give the same plan, so
 * that a cluster that is started again finds its data; up to three nodes are controllers too, an odd number of them, because a
 * quorum of two stands still as soon as either is gone.
 */
import type { ClusterOptions } from "./Options.ts"

export interface NodePlan {
  readonly id: number
  readonly port: number
  /** Where its controller listens, if it has one. */
  readonly controllerPort: number | undefined
  readonly properties: ReadonlyMap<string, string>
}

const controllersOf = (brokers: number): number => (brokers >= 3 ? 3 : 1)

/** Replicas that internal topics and new topics have where nobody says otherwise. */
const replicasOf = (brokers: number): number => Math.min(3, brokers)

/** Brokers and controllers take turns: 9092 and 9093, 9094 and 9095. */
const portsPerNode = 2

const replication = (brokers: number): ReadonlyArray<readonly [string, string]> => {
  const replicas = String(replicasOf(brokers))
  const minimum = String(Math.max(1, replicasOf(brokers) - 1))
  return [
    ["default.replication.factor", replicas],
    ["min.insync.replicas", minimum],
    ["offsets.topic.replication.factor", replicas],
    ["transaction.state.log.replication.factor", replicas],
    ["transaction.state.log.min.isr", minimum],
    ["share.coordinator.state.topic.replication.factor", replicas],
    ["share.coordinator.state.topic.min.isr", minimum]
  ]
}

/** `directoryOf` says where a node keeps its data. */
export const plan = (
  { brokers, racks, firstPort }: ClusterOptions,
  directoryOf: (id: number) => string
): ReadonlyArray<NodePlan> => {
  const ids = Array.from({ length: brokers }, (_, index) => index + 1)
  const portOf = (id: number) => firstPort + portsPerNode * (id - 1)
  const controllers = ids.slice(0, controllersOf(brokers))
  const servers = controllers.map((id) => `localhost:${portOf(id) + 1}`).join(",")
  return ids.map((id) => {
    const isController = controllers.includes(id)
    const client = `PLAINTEXT://localhost:${portOf(id)}`
    const rack = racks[(id - 1) % Math.max(1, racks.length)]
    return {
      id,
      port: portOf(id),
      controllerPort: isController ? portOf(id) + 1 : undefined,
      properties: new Map([
        ["node.id", String(id)],
        ["process.roles", isController ? "broker,controller" : "broker"],
        ["listeners", isController ? `${client},CONTROLLER://localhost:${portOf(id) + 1}` : client],
        ["controller.listener.names", "CONTROLLER"],
        ["controller.quorum.bootstrap.servers", servers],
        // A controller whose disk was replaced becomes a voter again by itself.
        ...(isController ? [["controller.quorum.auto.join.enable", "true"] as const] : []),
        ...(rack === undefined ? [] : [["broker.rack", rack] as const]),
        ...replication(brokers),
        ["log.dirs", directoryOf(id)]
      ])
    }
  })
}

export const printProperties = ({ properties }: NodePlan): string =>
  [...properties].map(([key, value]) => `${key}=${value}\n`).join("")

/** The controllers that found the cluster, as `--initial-controllers` takes them; `newId` makes a directory's id. */
export const initialControllers = (nodes: ReadonlyArray<NodePlan>, newId: () => string): string =>
  nodes
    .flatMap(({ id, controllerPort }) =>
      controllerPort === undefined ? [] : [`${id}@localhost:${controllerPort}:${newId()}`]
    )
    .join(",")
