/**
 * One connection to one broker with many requests under way; the answers come in order. Invariant: a call either has its answer or
 * throws `Gone`, which says nothing of whether the request was carried out; after the first that is not answered in time the
 * connection is of no use and every later call on it is `Gone` too. Neighbours: Client.ts, test/differential/src/Wire.ts.
 */
import { decodeAnswer, requestBytes } from "klamm-test-differential/Tables"
import type { Struct } from "klamm-test-differential/Value"
import { framed, Wire } from "klamm-test-differential/Wire"
import { now } from "./Waiting.ts"

/** The broker closed the connection, refused it, or fell silent. */
export class Gone extends Error {}

interface Pending {
  readonly api: number
  readonly version: number
  readonly correlationId: number
  readonly deadline: number
  readonly resolve: (answer: Struct) => void
  readonly reject: (cause: Error) => void
}

export class Link {
  private readonly wire: Wire
  private readonly clientId: string
  private readonly pending: Array<Pending> = []
  private correlationId = 0
  private reading = false

  private constructor(wire: Wire, clientId: string) {
    this.wire = wire
    this.clientId = clientId
  }

  static async open(address: string, clientId: string): Promise<Link> {
    try {
      return new Link(await Wire.open(address), clientId)
    } catch (cause) {
      throw new Gone(`no connection to ${address}`, { cause })
    }
  }

  get closed(): boolean {
    return this.wire.closed
  }

  close(): void {
    this.wire.close()
    this.failAll(new Gone("the connection was closed here"))
  }

  call(api: number, version: number, body: Struct, withinMs: number): Promise<Struct> {
    if (this.wire.closed) return Promise.reject(new Gone("the connection is closed"))
    const correlationId = ++this.correlationId
    const bytes = requestBytes({ api, version, writeAs: version, correlationId, clientId: this.clientId, body })
    return new Promise((resolve, reject) => {
      this.pending.push({ api, version, correlationId, deadline: now() + withinMs, resolve, reject })
      this.wire.send(framed(bytes))
      if (!this.reading) {
        this.reading = true
        this.read().then(
          () => undefined,
          (cause: unknown) => this.failAll(cause instanceof Error ? cause : new Error(String(cause)))
        )
      }
    })
  }

  private failAll(cause: Error): void {
    for (const one of this.pending.splice(0)) one.reject(cause)
  }

  private async read(): Promise<void> {
    try {
      for (;;) {
        const [first] = this.pending
        if (first === undefined) return
        const got = await this.wire.next(Math.max(1, first.deadline - now()))
        if (got.kind !== "frame") {
          this.wire.close()
          return this.failAll(new Gone(`API ${first.api}: ${got.kind}`))
        }
        if (this.pending.shift() === undefined) return
        const decoded = decodeAnswer(first.api, first.version, first.correlationId, got.bytes)
        if (decoded.kind === "answer") first.resolve(decoded.answer)
        else first.reject(new Error(`API ${first.api}: ${decoded.why}`))
      }
    } finally {
      this.reading = false
    }
  }
}
