/**
 * Where a broker's time goes, by layers: from a CPU profile that `--profile` has left. Pure. Invariants: every microsecond in which the
 * process was busy belongs to exactly one layer; a call into the kernel belongs to the disk or the socket that it was made for.
 * Neighbour: Profiles.ts, which makes the profiles.
 */

/** What of the `.cpuprofile` format is read here. */
export interface Profile {
  readonly nodes: ReadonlyArray<{
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: ReadonlyArray<number>
  }>
  readonly samples: ReadonlyArray<number>
  /** Microseconds since the sample before. */
  readonly timeDeltas: ReadonlyArray<number>
}

type Node = Profile["nodes"][number]

export const IDLE = "idle"

/** Layers that are no package, as they are told. */
const LOOP = "libuv and the kernel, receiving included"
const COLLECTOR = "garbage collection"
const CHECKSUM = "checksum"
const DISK = "disk, in the kernel"
const SOCKET = "sending, in the kernel"
const NODE = "Node"
const EFFECT = "Effect"
const OTHERS = "other code"

/** V8's names for what is no function. */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ["(idle)", IDLE],
  ["(program)", LOOP],
  ["(root)", LOOP],
  ["(garbage collector)", COLLECTOR]
])

const DISK_CALLERS = /^node:(?:internal\/)?fs/
const SOCKET_CALLERS = /^node:(?:net|internal\/stream_base_commons)/

/** The layer of a file of ours, or of a module that we use. */
const layerOfPath = (path: string): string => {
  const [, name] = /(?:^|\/)(?:packages|apps)\/([^/]+)\//.exec(path) ?? []
  if (name !== undefined && !path.includes("/node_modules/")) return name
  return path.includes("/node_modules/effect/") ? EFFECT : OTHERS
}

/** Of a native function: what it was called for shows in who has called it. */
const layerOfNative = (callers: ReadonlyArray<string>): string => {
  const caller = callers.find((url) => url.startsWith("node:")) ?? ""
  if (DISK_CALLERS.test(caller)) return DISK
  return SOCKET_CALLERS.test(caller) ? SOCKET : NODE
}

const layerOf = (node: Node, callers: ReadonlyArray<string>): string => {
  const { functionName, url, lineNumber } = node.callFrame
  const special = SPECIAL.get(functionName)
  if (special !== undefined) return special
  if (url.startsWith("wasm:")) return CHECKSUM
  if (url.startsWith("node:")) return NODE
  // Code that is made at run time, which only the compiled codecs are, has no address but a line.
  if (url === "") return lineNumber < 0 ? layerOfNative(callers) : "protocol"
  return layerOfPath(url)
}

const addLayers = (seconds: Map<string, number>, { nodes, samples, timeDeltas }: Profile): void => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const callersOf = (id: number): ReadonlyArray<string> => {
    const urls: Array<string> = []
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) urls.push(byId.get(at)?.callFrame.url ?? "")
    return urls
  }
  const layers = new Map(nodes.map((node) => [node.id, layerOf(node, callersOf(node.id))]))
  for (const [index, id] of samples.entries()) {
    const layer = layers.get(id) ?? OTHERS
    seconds.set(layer, (seconds.get(layer) ?? 0) + (timeDeltas[index] ?? 0) / 1e6)
  }
}

/** Seconds by layer, of all processes together, idle ones included. */
export const secondsByLayer = (profiles: ReadonlyArray<Profile>): ReadonlyMap<string, number> => {
  const seconds = new Map<string, number>()
  for (const profile of profiles) addLayers(seconds, profile)
  return seconds
}

/** One column of the table: a load, what it moved, and where the time went. */
export interface Budget {
  readonly title: string
  readonly gigabytes: number
  readonly seconds: ReadonlyMap<string, number>
}

const busySeconds = ({ seconds }: Budget): number =>
  [...seconds].reduce((sum, [layer, each]) => (layer === IDLE ? sum : sum + each), 0)

/** Less than this part of the time in every load goes under "all else". */
const SHOWN_FROM = 0.005

export const budgetTable = (
  budgets: ReadonlyArray<Budget>
): { readonly head: ReadonlyArray<string>; readonly rows: ReadonlyArray<ReadonlyArray<string>> } => {
  const part = (budget: Budget, layer: string): number => (budget.seconds.get(layer) ?? 0) / busySeconds(budget)
  const layers = [...new Set(budgets.flatMap(({ seconds }) => [...seconds.keys()]))].filter((each) => each !== IDLE)
  const sum = (layer: string): number => budgets.reduce((total, budget) => total + part(budget, layer), 0)
  const shown = layers
    .filter((layer) => budgets.some((budget) => part(budget, layer) >= SHOWN_FROM))
    .toSorted((left, right) => sum(right) - sum(left))
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`
  const rest = (budget: Budget): number => 1 - shown.reduce((total, layer) => total + part(budget, layer), 0)
  return {
    head: ["of the busy time", ...budgets.map(({ title }) => title)],
    rows: [
      ...shown.map((layer) => [layer, ...budgets.map((budget) => percent(part(budget, layer)))]),
      ["all else", ...budgets.map((budget) => percent(Math.max(0, rest(budget))))],
      ["busy seconds per GB", ...budgets.map((budget) => (busySeconds(budget) / budget.gigabytes).toFixed(2))]
    ]
  }
}
