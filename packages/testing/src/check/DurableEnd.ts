/**
 * Where a log would end after the worst power cut, read as often as the world is looked at. Invariant: what was found sound once is not
 * read again while its file only grows.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { replicaDirectories } from "../Nodes.ts"
import type { SimNode } from "../SimCluster.ts"

type Files = SimNode["disk"]["files"]
type File = Extract<ReturnType<Files["findDurable"]>, { readonly kind: "file" }>

interface Known {
  /** Of the file's bytes, so many are sound batches. */
  readonly position: number
  readonly end: number
}

const nothing: Known = { position: 0, end: 0 }

const readOn = (file: File, { position, end }: Known): Known => {
  const bytes = new Uint8Array(file.durableBytes - position)
  file.readDurable(position, bytes)
  let known: Known = { position, end }
  RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
    const isNext = position + at === known.position
    if (!isNext || RecordBatch.verifyBatch(bytes, at, at + sizeBytes) !== undefined) return
    known = { position: position + at + sizeBytes, end: RecordBatch.lastOffset(bytes, at) + 1 }
  })
  return known
}

export class DurableEnds {
  private readonly known = new WeakMap<File, Known>()

  /** Of the log of that name, such as main-0. */
  of({ disk: { files } }: Pick<SimNode, "disk">, name: string): number {
    let end = 0
    for (const path of replicaDirectories(name)) {
      const directory = files.findDurable(path)
      if (directory?.kind !== "directory") continue
      for (const [fileName, file] of directory.durable) {
        if (fileName.endsWith(".log") && file.kind === "file") end = Math.max(end, this.endOf(file))
      }
    }
    return end
  }

  private endOf(file: File): number {
    const before = this.known.get(file) ?? nothing
    if (file.durableBytes === before.position) return before.end
    const isGrown = file.durableBytes > before.position
    const after = isGrown ? readOn(file, before) : nothing
    // It was cut and written anew, or what follows is torn.
    const found = after.position > before.position ? after : readOn(file, nothing)
    this.known.set(file, found)
    return found.end
  }
}
