/** What is told of a test that failed in a world: the seed, the end of the timeline, and how to have the same run again. */
import type { SimCluster } from "./SimCluster.ts"
import type { Trace } from "./Trace.ts"
import type { World } from "./World.ts"

/** The lines before the end that are told. */
const toldLines = 80
const msPerSecond = 1_000

export interface Reported {
  readonly world: World
  readonly trace: Trace
  readonly cluster: SimCluster
}

/** One line: how long it was, and how the brokers are. */
export const summary = ({ world, cluster }: Reported): string => {
  const nodes = cluster.nodes.map(({ host, state }) => `${host} ${state.toLowerCase()}`).join(", ")
  return `virtual ${(world.nowMs / msPerSecond).toFixed(1)} s · ${cluster.nodes.length} brokers (${nodes}) · seed ${world.seed}`
}

export const report = (reported: Reported): string => {
  const [header = "", ...lines] = reported.trace.printed
  const left = lines.length - toldLines
  return [
    `TestCluster: ${summary(reported)}`,
    header,
    ...(left > 0 ? [`… ${left} lines before`] : []),
    ...lines.slice(-toldLines),
    `Replay: KLAMM_SEED=${reported.world.seed} pnpm vitest run`
  ].join("\n")
}
