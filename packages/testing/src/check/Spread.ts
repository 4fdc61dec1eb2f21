/**
 * Whether what is promised lies on enough disks, looked at while the world goes on: a bug shows here before it needs the second failure
 * that makes it lose something. Invariant: only offsets that clients were told of count; replicas are judged by where their logs end, since
 * `matching` sees to what is in them.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { Promises } from "../Faults.ts"
import type { History } from "../History.ts"
import { replicaDirectories } from "../Nodes.ts"
import type { SimCluster, SimNode } from "../SimCluster.ts"
import type { Violation } from "./Evidence.ts"

type View = "written" | "durable"

/** Where the log in that directory ends, without what is torn. */
const logEndIn = ({ disk: { files } }: SimNode, directory: string, view: View): number => {
  if (files.find(directory) === undefined) return 0
  let end = 0
  for (const { name: fileName } of files.list(directory)) {
    if (!fileName.endsWith(".log")) continue
    const file = files.file(`${directory}/${fileName}`)
    const bytes = view === "durable" ? file.durable : new Uint8Array(file.size)
    if (view === "written") file.read(0, bytes)
    let isSound = true
    RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
      isSound &&= RecordBatch.verifyBatch(bytes, at, at + sizeBytes) === undefined
      if (isSound) end = Math.max(end, RecordBatch.lastOffset(bytes, at) + 1)
    })
  }
  return end
}

const logEndOn = (node: SimNode, name: string, view: View): number =>
  Math.max(...replicaDirectories(name).map((directory) => logEndIn(node, directory, view)))

export interface SpreadOptions {
  readonly cluster: SimCluster
  readonly history: History
  readonly topic: string
  readonly partitions: number
  readonly minInSync: number
  readonly promises: () => Promises
}

export class SpreadWatch {
  private readonly options: SpreadOptions
  /** By partition. */
  private readonly acknowledged: Array<number>
  private readonly readable: Array<number>
  private sendsSeen = 0
  private watermarksSeen = 0

  constructor(options: SpreadOptions) {
    this.options = options
    this.acknowledged = Array.from({ length: options.partitions }, () => 0)
    this.readable = Array.from({ length: options.partitions }, () => 0)
  }

  /** What is wrong now. */
  look(): ReadonlyArray<Violation> {
    const { spreadsAcks, spreadsReads } = this.options.promises()
    this.learn()
    return this.acknowledged.flatMap((end, partition) => [
      ...(spreadsAcks ? this.missing(partition, end, "durable", "acknowledged") : []),
      ...(spreadsReads ? this.missing(partition, this.readable[partition]!, "written", "readable") : [])
    ])
  }

  /** What clients have been told since the last look. */
  private learn(): void {
    const { sends, watermarks } = this.options.history
    const { acknowledged, readable } = this
    for (const { state, acks, offset, partition } of sends.slice(this.sendsSeen)) {
      if (state === "ok" && acks === -1) acknowledged[partition] = Math.max(acknowledged[partition]!, offset + 1)
    }
    // Those under way are looked at again.
    while (sends[this.sendsSeen] !== undefined && sends[this.sendsSeen]?.state !== "invoked") this.sendsSeen += 1
    for (const { partition, highWatermark } of watermarks.slice(this.watermarksSeen)) {
      readable[partition] = Math.max(readable[partition]!, highWatermark)
    }
    this.watermarksSeen = watermarks.length
  }

  private missing(partition: number, end: number, view: View, what: string): ReadonlyArray<Violation> {
    const { cluster, topic, minInSync } = this.options
    if (end === 0) return []
    const ends = cluster.nodes.map((node) => logEndOn(node, `${topic}-${partition}`, view))
    if (ends.filter((each) => each >= end).length >= Math.min(minInSync, cluster.nodes.length)) return []
    const detail = `partition ${partition} is ${what} to ${end}, and its logs on the disks are ${view} to ${ends}`
    return [{ check: "spread", detail }]
  }
}
