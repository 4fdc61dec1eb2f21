/** Stories on the model, told step by step: what a client writes, who dies, who leads, and everything that follows from it by itself. */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { AppendResult } from "../../src/Partition.ts"
import type { Model } from "./model.ts"

const text = new TextEncoder()

export const recordOf = (value: string, options: RecordBatch.BatchOptions = {}): Uint8Array =>
  RecordBatch.buildBatch([{ key: null, value: text.encode(value), timestamp: 1 }], options)

/** Lets a node do all it can alone: no word from or to another. */
export const think = (model: Model, id: number): void => {
  const node = model.node(id)
  for (let round = 0; round < 10; round++) {
    model.drain(node, node.mailbox.length)
    model.finishSync(node)
  }
}

/** One fetch of a follower, as far as it gets. */
export const fetchOnce = (model: Model, id: number): void => {
  const node = model.node(id)
  think(model, id)
  model.ask(node)
  const leader = node.poll?.leader
  model.serve(node)
  model.land(node)
  think(model, id)
  if (leader !== undefined && model.node(leader).up) think(model, leader)
}

/** Everybody hears the metadata, and fetches until nothing changes any more. */
export const settle = (model: Model): void => {
  for (let round = 0; round < 30; round++) {
    model.now += 1
    for (const node of model.nodes.values()) {
      if (!node.up) continue
      while (node.known < model.metadata.length - 1) model.inform(node)
      think(model, node.id)
    }
    for (const node of model.nodes.values()) if (node.up) fetchOnce(model, node.id)
    model.judgeQuestion(false)
  }
}

/** Appends at a node; the answer is filled in when it is given. */
export const write = (model: Model, id: number, batch: Uint8Array, acks = -1): { result: AppendResult | undefined } => {
  const answer: { result: AppendResult | undefined } = { result: undefined }
  const complete = (result: AppendResult) => {
    answer.result = result
  }
  const producerId = RecordBatch.producerId(batch, 0)
  const sequence = RecordBatch.baseSequence(batch, 0)
  const known = {
    producerId,
    producerEpoch: 0,
    firstSequence: sequence,
    lastSequence: sequence,
    isTransactional: false
  }
  const producer = producerId === -1 ? undefined : known
  const ticket = { release: () => undefined, complete }
  const node = model.node(id)
  const request = {
    batch,
    count: 1,
    producer,
    maxTimestamp: 1,
    appendTimeMs: 1,
    acks,
    deadline: model.now + 10_000,
    ticket
  }
  node.mailbox = [...node.mailbox, { _tag: "Append", request }]
  think(model, id)
  return answer
}
