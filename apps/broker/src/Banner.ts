/**
 * What a started broker tells: where it listens, how to connect, where its data is. The line that begins with `BROKERS=` can be
 * evaluated by a shell.
 */
import type { Broker } from "@klamm/broker/Broker"

export const banner = (broker: Broker["Service"], version: string, memory: boolean): string => {
  const where = memory ? "kept in memory only" : broker.directories.join(", ")
  const readyMs = Math.round(performance.now())
  const rssMb = Math.round(process.memoryUsage.rss() / 1_000_000)
  const listeners = broker.listeners.map(
    ({ name, address }) => `  broker ${broker.nodeId}    ${address.host}:${address.port}   ${name}`
  )
  const addresses = broker.listeners.map(({ address }) => `${address.host}:${address.port}`).join(",")
  return [
    `klamm ${version} · node ${process.version} · cluster ${broker.clusterId} · data ${where}${broker.fresh ? " (fresh)" : ""}`,
    ...listeners,
    `  ready in ${readyMs} ms, rss ${rssMb} MB`,
    `BROKERS=${addresses}`,
    "Ctrl-C stops cleanly · --memory keeps nothing · --help for flags",
    ""
  ].join("\n")
}
