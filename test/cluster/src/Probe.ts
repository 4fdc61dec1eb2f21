/**
 * One who keeps the controller writing: sets a key of a topic again and again, through any broker. Invariant: a write counts when it was
 * acknowledged without an error, which is when it is committed in the metadata log. Neighbours: Client.ts, Times.ts.
 */
import { numberAt } from "klamm-test-differential/Value"
import { Client, RETRIABLE, RETRY_AFTER_MS } from "./Client.ts"
import type { Ledger } from "./Ledger.ts"
import { Gone } from "./Link.ts"
import type { Topology } from "./Topology.ts"
import { now, sleep } from "./Waiting.ts"

const INCREMENTAL_ALTER_CONFIGS = 44
const TOPIC_RESOURCE = 2
const WRITE_EVERY_MS = 100
const ANSWER_WITHIN_MS = 1_000

export class Probe {
  private readonly topology: Topology
  private readonly ledger: Ledger
  private readonly client: Client
  private stopping = false

  constructor(topology: Topology, ledger: Ledger) {
    this.topology = topology
    this.ledger = ledger
    this.client = new Client(topology.addresses, "cluster-probe")
  }

  private async write(broker: number, topic: string, value: string): Promise<boolean> {
    const sentAt = now()
    try {
      const answer = await this.client.call(
        broker,
        INCREMENTAL_ALTER_CONFIGS,
        1,
        {
          resources: [
            {
              resourceType: TOPIC_RESOURCE,
              resourceName: topic,
              configs: [{ name: "retention.ms", configOperation: 0, value }]
            }
          ],
          validateOnly: false
        },
        ANSWER_WITHIN_MS
      )
      const errorCode = numberAt(answer, "responses.0.errorCode")
      if (errorCode === 0) {
        this.ledger.controllerWrites += 1
        this.ledger.watch?.controllerWrote(sentAt)
      } else if (!RETRIABLE.has(errorCode)) this.ledger.fault(`a change of ${topic} was answered ${errorCode}`)
      return errorCode === 0
    } catch (cause) {
      if (cause instanceof Gone) return false
      throw cause
    }
  }

  async run(topic: string): Promise<void> {
    const { ids } = this.topology
    let turn = 0
    let retentionMs = 7 * 24 * 3_600_000
    while (!this.stopping) {
      retentionMs += 1
      const written = await this.write(ids[turn % ids.length]!, topic, String(retentionMs))
      if (!written) turn += 1
      await sleep(written ? WRITE_EVERY_MS : RETRY_AFTER_MS)
    }
  }

  stop(): void {
    this.stopping = true
  }

  close(): void {
    this.client.close()
  }
}
