/** What the connections of a node measure: bytes in and out, and how long each kind of request takes. Once per read and per write. */
import type { Counter, Histogram, Telemetry } from "@klamm/platform/Telemetry"

interface Answered {
  /** The name of its API. */
  readonly name: string
  readonly receivedMonotonicMs: number
}

const bytesOf = (chunks: ReadonlyArray<Uint8Array>): number => {
  let bytes = 0
  for (const { byteLength } of chunks) bytes += byteLength
  return bytes
}

export class RequestMeters {
  private readonly telemetry: Telemetry
  private readonly receivedBytes: Counter
  private readonly sentBytes: Counter
  private readonly times = new Map<string, Histogram>()

  constructor(telemetry: Telemetry) {
    this.telemetry = telemetry
    this.receivedBytes = telemetry.counter("klamm_received_bytes_total")
    this.sentBytes = telemetry.counter("klamm_sent_bytes_total")
  }

  received(frames: ReadonlyArray<{ readonly bytes: Uint8Array }>): void {
    for (const { bytes } of frames) this.receivedBytes.add(bytes.byteLength)
  }

  /** The socket has taken the chunks, which are the answers to `answered`. */
  sent(chunks: ReadonlyArray<Uint8Array>, answered: ReadonlyArray<Answered>, monotonicMs: number): void {
    this.sentBytes.add(bytesOf(chunks))
    for (const { name, receivedMonotonicMs } of answered) this.timeOf(name).observeMs(monotonicMs - receivedMonotonicMs)
  }

  private timeOf(name: string): Histogram {
    const known = this.times.get(name)
    if (known !== undefined) return known
    const made = this.telemetry.histogram("klamm_request_seconds", name)
    this.times.set(name, made)
    return made
  }
}
