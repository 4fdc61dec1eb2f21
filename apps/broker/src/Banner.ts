/**
 * What a started broker tells: where it listens, how to connect, where its data is. The line that begins with `BROKERS=` can be
 * evaluated by a shell.
 */
import type { BoundListener, Broker } from "@klamm/broker/Broker"

export const banner = (broker: Broker["Service"], version: string, memory: boolean): string => {
  const where = memory ? "kept in memory only" : broker.directories.join(", ")
  const readyMs = Math.round(performance.now())
  const rssMb = Math.round(process.memoryUsage.rss() / 1_000_000)
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
    `  ready in ${readyMs} ms, rss ${rssMb} MB`,
    ...(addresses === "" ? [] : [`BROKERS=${addresses}`]),
    "Ctrl-C stops cleanly · --memory keeps nothing · --help for flags",
    ""
  ].join("\n")
}
