/**
 * `meta.properties`: whose data a log directory holds. Version 1 as Kafka's KRaft nodes write it: cluster id, node id and the
 * directory's own id (KIP-858). Invariant: a directory of another cluster, another node or no readable identity is refused,
 * never adopted. Pure; `LogDirectory.ts` reads and writes the file.
 */
import * as Data from "effect/Data"

export const metaProperties = "meta.properties"

const currentVersion = "1"

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

/** Why a log directory can't be used by this node. */
export class LogDirectoryRefused extends Data.TaggedError("LogDirectoryRefused")<{
  readonly directory: string
  readonly reason: "WrongClusterId" | "WrongNodeId" | "DuplicateDirectoryId" | "Malformed"
  readonly detail: string
}> {
  override get message(): string {
    return `${this.directory}: ${this.detail}`
  }
}

export const encode = (meta: MetaProperties): Uint8Array =>
  new TextEncoder().encode(
    [
      "#",
      `node.id=${meta.nodeId}`,
      `directory.id=${meta.directoryId}`,
      `version=${currentVersion}`,
      `cluster.id=${escaped(meta.clusterId)}`,
      ""
    ].join("\n")
  )

/** What a properties file writes with a backslash, as far as an identifier can hold it. */
const escaped = (value: string): string => value.replace(/[\\=:#!]/g, (character) => `\\${character}`)

const unescaped = (value: string): string => value.replace(/\\(.)/g, "$1")

const parseProperties = (text: string): ReadonlyMap<string, string> => {
  const properties = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s][^=:\s]*)\s*[=:]\s*(.*)$/.exec(line)
    if (match !== null) properties.set(match[1]!, unescaped(match[2]!))
  }
  return properties
}

/** The identity a file gives, or why it gives none. */
export const decode = (bytes: Uint8Array): MetaProperties | string => {
  const properties = parseProperties(new TextDecoder().decode(bytes))
  if (properties.get("version") !== currentVersion) return `version ${properties.get("version") ?? "missing"}, not 1`
  const clusterId = properties.get("cluster.id")
  const directoryId = properties.get("directory.id")
  const nodeId = Number(properties.get("node.id") ?? Number.NaN)
  if (clusterId === undefined || directoryId === undefined) return "cluster.id or directory.id is missing"
  return Number.isInteger(nodeId) && nodeId >= 0 ? { clusterId, nodeId, directoryId } : "node.id is no number"
}

/** The first directory that does not belong to this node, as an error; undefined when all do. */
export const refusal = (
  directories: ReadonlyArray<{ readonly directory: string; readonly meta: MetaProperties }>,
  expected: { readonly clusterId: string; readonly nodeId: number }
): LogDirectoryRefused | undefined => {
  const seen = new Map<string, string>()
  for (const { directory, meta } of directories) {
    if (meta.clusterId !== expected.clusterId) {
      const detail = `is of cluster ${meta.clusterId}, not ${expected.clusterId}`
      return new LogDirectoryRefused({ directory, reason: "WrongClusterId", detail })
    }
    if (meta.nodeId !== expected.nodeId) {
      const detail = `is of node ${meta.nodeId}, not ${expected.nodeId}`
      return new LogDirectoryRefused({ directory, reason: "WrongNodeId", detail })
    }
    const other = seen.get(meta.directoryId)
    if (other !== undefined) {
      const detail = `has the same directory id as ${other}`
      return new LogDirectoryRefused({ directory, reason: "DuplicateDirectoryId", detail })
    }
    seen.set(meta.directoryId, directory)
  }
  return undefined
}
