import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { expect, it } from "vitest"
import type { Batch, Identity, Waiter } from "../../src/producer/Batch.ts"
import { PartitionQueue, sequenceAfter } from "../../src/producer/PartitionQueue.ts"

const codecs = makeCodecs({ gzip, zstd })
const encoding = { codecs, compression: "none", level: undefined, isTransactional: false } as const
const quiet: Waiter<string> = { stored: () => undefined, failed: () => undefined }
const identity: Identity = { id: 7, epoch: 0 }
const limitBytes = 1_000

/** A queue with `count` closed batches of one record each. */
const freshQueueOf = (count: number): PartitionQueue<string> => {
  const queue = new PartitionQueue<string>("t", 0)
  for (let index = 0; index < count; index++) queue.append({ timestamp: 0 }, limitBytes, limitBytes, 0, quiet, index)
  return queue
}

const send = (queue: PartitionQueue<string>, as: Identity | undefined = identity): Batch<string> => {
  const left = queue.leave(as)
  if (left === undefined) throw new Error("nothing waits")
  left.batch.encode(encoding, queue.identity, left.sequence)
  return left.batch
}

/** The same of a producer that has stored a record in the partition, so that many batches may be under way. */
const queueOf = (count: number): PartitionQueue<string> => {
  const queue = freshQueueOf(count + 1)
  queue.stored(send(queue))
  return queue
}

const sequences = (batches: ReadonlyArray<Batch<string>>) => batches.map(({ baseSequence }) => baseSequence)

it("sequences follow one another, and begin again behind the largest", () => {
  const queue = queueOf(3)
  expect(sequences([send(queue), send(queue), send(queue)])).toEqual([1, 2, 3])
  expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0)
})

it("a producer id's first batch goes alone until one is stored: a broker without its state takes any sequence", () => {
  const queue = freshQueueOf(3)
  const first = send(queue)
  expect(queue.mayLeave).toBe(false)
  queue.comeBack(first)
  expect(queue.mayLeave).toBe(true)
  expect(send(queue)).toBe(first)
  expect(queue.mayLeave).toBe(false)
  queue.stored(first)
  expect(queue.mayLeave).toBe(true)
  send(queue)
  expect(queue.mayLeave).toBe(true)
})

it("what comes back is sent in its order, alone until it is stored, with the sequence it had", () => {
  const queue = queueOf(4)
  const [first, second, third] = [send(queue), send(queue), send(queue)] as const
  queue.comeBack(second)
  queue.comeBack(first)
  expect(queue.head).toBe(first)
  expect(queue.mayLeave).toBe(true)
  expect(send(queue)).toBe(first)
  expect(first.baseSequence).toBe(1)
  // The second would pass nothing that is under way before it but the first, which must be stored first.
  expect(queue.head).toBe(second)
  expect(queue.mayLeave).toBe(false)
  queue.finish(first)
  expect(queue.mayLeave).toBe(true)
  expect(send(queue)).toBe(second)
  queue.finish(third)
  queue.finish(second)
  expect(sequences([send(queue)])).toEqual([4])
})

it("only the batch behind stored ones is next", () => {
  const queue = queueOf(2)
  const [first, second] = [send(queue), send(queue)] as const
  expect([queue.isNext(first), queue.isNext(second)]).toEqual([true, false])
  queue.comeBack(first)
  expect(queue.isNext(second)).toBe(false)
  queue.finish(first)
  expect(queue.isNext(second)).toBe(true)
})

it("a refused batch that was the last gives its sequence back", () => {
  const queue = queueOf(2)
  queue.giveUp(send(queue), true)
  expect(queue.isBroken).toBe(false)
  expect(sequences([send(queue)])).toEqual([1])
})

it("a gap breaks the identity: what is left goes under a new one, from 0, when nothing is under way", () => {
  const queue = queueOf(3)
  const [first, second, third] = [send(queue), send(queue), send(queue)] as const
  queue.giveUp(first, true)
  expect(queue.isBroken).toBe(true)
  queue.comeBack(second)
  expect(queue.mayLeave).toBe(false)
  queue.comeBack(third)
  expect(queue.mayLeave).toBe(true)
  const raised: Identity = { id: 7, epoch: 1 }
  expect(sequences([send(queue, raised), send(queue, raised)])).toEqual([0, 1])
  const bytes = second.encode(encoding, raised, 0)
  expect([RecordBatch.producerEpoch(bytes, 0), RecordBatch.baseSequence(bytes, 0)]).toEqual([1, 0])
  expect(RecordBatch.crc(bytes, 0)).toBe(RecordBatch.computeCrc(bytes, 0))
})

it("a new identity is not taken while anything of the old one is open", () => {
  const queue = queueOf(3)
  const first = send(queue)
  const raised: Identity = { id: 7, epoch: 1 }
  expect(send(queue, raised).identity).toBe(identity)
  queue.finish(first)
  queue.finish(queue.unfinished[0]!)
  expect(send(queue, raised).identity).toBe(raised)
})

it("a batch closes when the next record does not fit, and lingers while it is open", () => {
  const queue = new PartitionQueue<string>("t", 0)
  expect(queue.append({}, 400, limitBytes, 10, quiet, 0)).toBe(false)
  expect(queue.readyAtMs(5, false)).toBe(15)
  expect(queue.readyAtMs(5, true)).toBe(0)
  expect(queue.append({}, 700, limitBytes, 11, quiet, 1)).toBe(true)
  expect(queue.readyAtMs(5, false)).toBe(0)
  expect(send(queue).count).toBe(1)
  expect(queue.readyAtMs(5, false)).toBe(16)
})
