/**
 * The number by which the system knows an open file. Invariant: a number that was closed is never used again, for by then it may be that
 * of another file; and none is closed while the thread pool still works with it. Neighbour: `NodeDisk.ts`.
 */
import * as fs from "node:fs"

export class Descriptor {
  private readonly fd: number
  /** Operations of the thread pool that are under way. */
  private uses = 0
  private isClosed = false

  constructor(fd: number) {
    this.fd = fd
  }

  /** For a call that begins now; throws when the file is closed. */
  get number(): number {
    if (this.isClosed) throw new Error("the file is closed")
    return this.fd
  }

  /** Keeps the number from being given back until `release` has been called as often. */
  hold(): void {
    this.uses += 1
  }

  release(): void {
    this.uses -= 1
    if (this.isClosed && this.uses === 0) fs.closeSync(this.fd)
  }

  /** Once: from now on no call begins, and the last of those under way gives the number back. */
  close(): void {
    this.isClosed = true
    if (this.uses === 0) fs.closeSync(this.fd)
  }
}
