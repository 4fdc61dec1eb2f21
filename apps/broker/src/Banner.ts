/**
 * What a started broker tells, and a cluster of them: where they listen, how to connect, where the data is. The line that begins with
 * `BROKERS=` can be evaluated by a shell.
 */
import type { BoundListener, Broker } from "@klamm/broker/Broker"
import type { NodePlan } from "./ClusterPlan.ts"

/** What a broker tells the launcher that started it, in place of the banner. */
export interface Readiness {
  readonly fresh: boolean
  readonly readyMs: number
  readonly rssMb: number
}

export const readiness = ({ fresh }: Broker["Service"]): Readiness => ({
  fresh,
  readyMs: Math.round(performance.now()),
  rssMb: Math.round(process.memoryUsage.rss() / 1_000_000)
})

export const banner = (
  broker: Broker["Service"],
  version: string,
  memory: boolean,
  metricsAt: string | undefined
): string => {
  const where = memory ? "kept in memory only" : broker.directories.join(", ")
  const { readyMs, rssMb } = readiness(broker)
  const told = (what: string, { name, address }: BoundListener) =>
    `  ${`${what} ${broker.nodeId}`.padEnd(14)} ${address.host}:${address.port}   ${name}`
  const listeners = [
    ...broker.clientListeners.map((listener) => told("broker", listener)),
    ...broker.controllerListeners.map((listener) => told("controller", listener))
  ]
  const addresses = broker.clientListeners.map(({ address }) => `${address.host}:${address.port}`).join(",")
  return [
    `klamm ${version} · node ${process.version} · cluster ${broker.clusterId} · data ${where}${broker.fresh ? " (fresh)" : ""}`,
    ...listeners,
    ...(metricsAt === undefined ? [] : [`  metrics        http://${metricsAt}/metrics`]),
    `  ready in ${readyMs} ms, rss ${rssMb} MB`,
    ...(addresses === "" ? [] : [`BROKERS=${addresses}`]),
    "Ctrl-C stops cleanly · --memory keeps nothing · --help for flags",
    ""
  ].join("\n")
}

/** The same for the brokers that a launcher has started, in their order. */
export const clusterBanner = (
  brokers: ReadonlyArray<{ readonly node: NodePlan; readonly readiness: Readiness }>,
  version: string,
  clusterId: string,
  folder: string
): string => {
  const fresh = brokers.every(({ readiness: { fresh: each } }) => each)
  const lines = brokers.map(({ node, readiness: { readyMs, rssMb } }) => {
    const rack = node.properties.get("broker.rack")
    const controller = node.controllerPort === undefined ? "" : `   controller localhost:${node.controllerPort}`
    const address = `localhost:${node.port}${rack === undefined ? "" : `   rack ${rack}`}${controller}`
    return `  broker ${node.id}    ${address}   ready in ${readyMs} ms, rss ${rssMb} MB`
  })
  return [
    `klamm ${version} · node ${process.version} · cluster ${clusterId} · data ${folder}${fresh ? " (fresh)" : ""}`,
    ...lines,
    `BROKERS=${brokers.map(({ node }) => `localhost:${node.port}`).join(",")}`,
    "Ctrl-C stops all cleanly · --help for flags"
  ].join("\n")
}
