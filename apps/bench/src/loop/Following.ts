/**
 * What another process of the plain loop passes on, written to the files of this one: batches are checked, as a follower's are, and keep
 * their offsets. Each turn ends with one write to each partition's file and one answer. Invariant: what is answered for is written.
 * Neighbours: Replicas.ts (the other end), Intake.ts, Partitions.ts.
 */
import type * as net from "node:net"
import { type Reader, Writer } from "@klamm/protocol/Bytes"
import { verifyBatch } from "@klamm/protocol/RecordBatch"
import { Intake } from "./Intake.ts"
import type { Loop } from "./Loop.ts"
import type { Topics } from "./Partitions.ts"
import { SAYS, streamBytes, writeAnswer } from "./Replicas.ts"

const append = (topics: Topics, name: string, index: number, batch: Uint8Array): void => {
  // A topic may be removed before all of it has come here.
  const partition = topics.partition(name, index)
  if (partition === undefined) return
  const fault = verifyBatch(batch)
  if (fault !== undefined) throw new Error(`a batch of ${name}-${index} came damaged: ${fault}`)
  topics.append(partition, batch)
}

export class Following {
  private readonly loop: Loop
  private readonly intake: Intake
  private readonly writer = new Writer()
  /** How much of the stream is done with. */
  private taken = 0

  constructor(loop: Loop, shell: net.Socket, area: Uint8Array) {
    this.loop = loop
    const ended = (): void => loop.areas.release(area)
    this.intake = new Intake(shell, area, undefined, { turn: () => this.turn(), ended })
  }

  private turn(): boolean {
    const before = this.taken
    for (let frame = this.intake.next(); frame !== undefined; frame = this.intake.next()) {
      this.taken += streamBytes(frame)
      this.take(frame)
    }
    if (this.taken === before) return true
    this.loop.topics.flush(this.loop.replicas.position)
    writeAnswer(this.writer, this.taken)
    this.intake.socket.write(this.writer.toBytes())
    this.writer.reset()
    return true
  }

  private take(frame: Reader): void {
    const { topics } = this.loop
    const what = frame.int8()
    const number = frame.int32()
    const name = frame.string()
    if (what === SAYS.create) topics.create(name, number)
    else if (what === SAYS.remove) topics.remove(name)
    else append(topics, name, number, frame.view(frame.remaining))
  }
}
