/**
 * One client: a connection of its own to each broker that it needs, opened when it is needed and anew when it ended. Invariant: a call
 * that fails for the broker's absence throws `Gone` and nothing else. Neighbours: Link.ts; Topology.ts, Producer.ts, Group.ts.
 */
import type { Struct } from "klamm-test-differential/Value"
import { Link } from "./Link.ts"

/** How long a client waits for an answer before it gives the connection up. */
export const REQUEST_WITHIN_MS = 5_000
/** How long a client waits before it tries again. */
export const RETRY_AFTER_MS = 20

/**
 * Answers that a client tries again: leaders, coordinators and controllers are elsewhere or not there at the moment, too few replicas are
 * in sync, or it took too long.
 */
export const RETRIABLE: ReadonlySet<number> = new Set([
  3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 74, 75, 78, 100
])

export class Client {
  /** HOST:PORT by broker. */
  private readonly addresses: ReadonlyMap<number, string>
  private readonly name: string
  private readonly links = new Map<number, Promise<Link>>()

  constructor(addresses: ReadonlyMap<number, string>, name: string) {
    this.addresses = addresses
    this.name = name
  }

  private async link(broker: number): Promise<Link> {
    const present = this.links.get(broker)
    if (present !== undefined) {
      const link = await present
      if (!link.closed) return link
      if (this.links.get(broker) !== present) return this.link(broker)
    }
    const address = this.addresses.get(broker)
    if (address === undefined) throw new Error(`no broker ${broker} was started`)
    const opening = Link.open(address, this.name)
    this.links.set(broker, opening)
    opening.catch(() => {
      if (this.links.get(broker) === opening) this.links.delete(broker)
    })
    return opening
  }

  async call(
    broker: number,
    api: number,
    version: number,
    body: Struct,
    withinMs: number = REQUEST_WITHIN_MS
  ): Promise<Struct> {
    return (await this.link(broker)).call(api, version, body, withinMs)
  }

  close(): void {
    for (const link of this.links.values()) {
      link.then(
        (open) => open.close(),
        () => undefined
      )
    }
  }
}
