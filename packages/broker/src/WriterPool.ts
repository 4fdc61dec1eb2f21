/**
 * Writers for answers, shared by all connections: an idle connection holds none. Invariant: a writer given back holds no
 * reference to an answer's memory (it is reset), and one grown past the limit is dropped instead of kept.
 */
import { Writer } from "@klamm/protocol/Bytes"

/** Writers kept for later; more than this many are in use only under as many concurrent writes. */
export const pooledWriters = 64

export class WriterPool {
  private readonly free: Array<Writer> = []

  take(): Writer {
    return this.free.pop() ?? new Writer()
  }

  give(writer: Writer): void {
    writer.reset()
    if (this.free.length < pooledWriters) this.free.push(writer)
  }
}
