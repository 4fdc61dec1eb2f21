/**
 * A client's connection to the plain loop. Each turn takes the requests that are there whole, up to a fetch, and ends with one answer for
 * all of them, which waits until the other replicas have what was written in it. Invariant: answers go in the order of their requests.
 * Neighbours: Loop.ts, Intake.ts (receives), Answers.ts.
 */
import type * as net from "node:net"
import { MalformedBytes, Writer } from "@klamm/protocol/Bytes"
import { type Fetch, Refused } from "./Answers.ts"
import { complain, Intake, UNSENT_MAX_BYTES } from "./Intake.ts"
import type { Loop } from "./Loop.ts"

/** Due when the stream to the other replicas is written to there. */
interface Answer {
  readonly position: number
  readonly bytes: Uint8Array
}

export class Connection {
  private readonly loop: Loop
  private readonly intake: Intake
  private readonly writer = new Writer()
  private answers: Array<Answer> = []
  private isPaused = false
  /** It waits for something to tell. */
  private fetch: Fetch | undefined
  private timer: NodeJS.Timeout | undefined
  /** It has waited long enough. */
  private isLate = false

  constructor(loop: Loop, shell: net.Socket, area: Uint8Array) {
    this.loop = loop
    const ended = (): void => {
      clearTimeout(this.timer)
      loop.connections.delete(this)
      loop.areas.release(area)
    }
    this.intake = new Intake(shell, area, loop.onward, { turn: () => this.turn(), ended })
  }

  close(): void {
    this.intake.socket.destroy()
  }

  /** Takes the requests that are there whole, up to a fetch; writes and answers at their end. */
  private turn(): boolean {
    const refusal = this.takeRequests()
    const { replicas } = this.loop
    this.loop.flush()
    if (this.writer.size > 0) {
      // Copied, for the kernel may not take it at once; it is small.
      this.answers.push({ position: replicas.position, bytes: this.writer.toBytes() })
      this.writer.reset()
    }
    if (refusal !== undefined) {
      complain(`a connection is closed: ${refusal.message}`)
      this.close()
    } else if (this.fetch !== undefined) this.hold(this.fetch)
    this.look()
    this.isPaused = replicas.unsentBytes > UNSENT_MAX_BYTES
    return !this.isPaused
  }

  private takeRequests(): Refused | MalformedBytes | undefined {
    try {
      while (this.fetch === undefined) {
        const frame = this.intake.next()
        if (frame === undefined) break
        this.fetch = this.loop.answers.take(frame, this.writer)
      }
      return undefined
    } catch (error) {
      if (error instanceof Refused || error instanceof MalformedBytes) return error
      throw error
    }
  }

  private hold(fetch: Fetch): void {
    this.isLate = fetch.maxWaitMs <= 0
    if (this.isLate || fetch.hasNews) return
    this.timer = setTimeout(() => {
      this.isLate = true
      this.look()
    }, fetch.maxWaitMs)
  }

  /** Sends what is due, looks whether there is what its fetch waits for, and goes on receiving where it had stopped. */
  look(): void {
    this.sendDue()
    const { fetch } = this
    if (fetch !== undefined && this.answers.length === 0 && (this.isLate || fetch.hasNews)) this.answer(fetch)
    if (this.isPaused && this.loop.replicas.unsentBytes <= UNSENT_MAX_BYTES) {
      this.isPaused = false
      this.intake.socket.resume()
    }
  }

  private sendDue(): void {
    let count = 0
    for (const { position, bytes } of this.answers) {
      if (position > this.loop.replicas.written) break
      this.intake.socket.write(bytes)
      count += 1
    }
    if (count > 0) this.answers.splice(0, count)
  }

  private answer(fetch: Fetch): void {
    clearTimeout(this.timer)
    this.fetch = undefined
    const writer = new Writer()
    fetch.write(writer)
    const { socket } = this.intake
    socket.cork()
    for (const chunk of writer.finish()) socket.write(chunk)
    socket.uncork()
    if (!this.turn()) socket.pause()
  }
}
