/**
 * Idempotence and open transactions of one partition, as a persistent value: which producers are known, their last five
 * batches, which transactions are open and which are closed by a marker that is not yet below the high watermark.
 *
 * Invariants: a producer has at most `retainedBatches` batches, all of its current epoch, oldest first; `open` and
 * `unreplicated` are sorted by first offset; a producer has at most one open transaction. Rules: KIP-98, KIP-360, KIP-890
 * (transactions v2), Kafka's ProducerStateManager. Neighbours: the partition machine checks and appends, `Recovery.ts`
 * replays, `ProducerSnapshot.ts` is the value as a file.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

/** How many of a producer's batches are remembered, so that a retry of any in flight is recognised (KIP-98). */
export const retainedBatches = 5

const maxSequence = 0x7fffffff
const noSequence = -1
const noEpoch = -1

/** Error codes of a refused batch (errors.tsv). */
const outOfOrderSequenceNumber = 45
const invalidProducerEpoch = 47
const invalidTxnState = 48
const transactionCoordinatorFenced = 52

/** The producer fields of one data batch, as its header has them. */
export interface BatchProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly lastSequence: number
  readonly isTransactional: boolean
  /** The producer speaks transactions v2 (KIP-890): without state here it has to start at sequence 0. */
  readonly transactionsV2?: boolean
}

/** The fields of one end-of-transaction marker (a control batch with one record). */
export interface Marker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly committed: boolean
}

/** Who appends: a client's Produce, a coordinator on this broker, or replication and replay, which accept facts. */
export type AppendOrigin = "client" | "coordinator" | "replication"

export interface AppendedBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  readonly producerEpoch: number
  /** Oldest first. Empty after a marker that raised the epoch, and for a producer known only by markers. */
  readonly batches: ReadonlyArray<AppendedBatch>
  /** Epoch of the transaction coordinator that wrote the last marker, -1 before any. */
  readonly coordinatorEpoch: number
  /** Time of the last batch or marker, milliseconds: what expiry is counted from. */
  readonly lastTimestamp: number
  /** First offset of the open transaction, -1 when there is none. */
  readonly currentTransactionFirstOffset: number
}

/** A transaction that its marker closed; `lastOffset` is the marker's own. */
export interface CompletedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly aborted: boolean
}

interface OpenTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface ProducerState {
  readonly producers: HashMap.HashMap<number, ProducerEntry>
  readonly open: ReadonlyArray<OpenTransaction>
  readonly unreplicated: ReadonlyArray<CompletedTransaction>
}

export type Verdict =
  | { readonly _tag: "Accepted" }
  | {
      readonly _tag: "Duplicate"
      readonly baseOffset: number
      readonly lastOffset: number
      readonly timestampMs: number
    }
  | { readonly _tag: "Refused"; readonly errorCode: number; readonly message: string }

const accepted: Verdict = { _tag: "Accepted" }

const refused = (errorCode: number, message: string): Verdict => ({ _tag: "Refused", errorCode, message })

export const empty: ProducerState = { producers: HashMap.empty(), open: [], unreplicated: [] }

/** `sequence` advanced by `increment`, where 0 follows 2147483647. */
export const incrementSequence = (sequence: number, increment: number): number =>
  sequence > maxSequence - increment ? increment - (maxSequence - sequence) - 1 : sequence + increment

const decrementSequence = (sequence: number, decrement: number): number =>
  sequence < decrement ? maxSequence - (decrement - sequence) + 1 : sequence - decrement

export const firstSequence = (batch: AppendedBatch): number => decrementSequence(batch.lastSequence, batch.offsetDelta)

export const get = (state: ProducerState, producerId: number): ProducerEntry | undefined =>
  Option.getOrUndefined(HashMap.get(state.producers, producerId))

const lastBatch = (entry: ProducerEntry): AppendedBatch | undefined => entry.batches[entry.batches.length - 1]

/** The one of the remembered batches that `batch` repeats: same epoch, first and last sequence. */
const findDuplicate = (entry: ProducerEntry, batch: BatchProducer): AppendedBatch | undefined => {
  if (entry.producerEpoch !== batch.producerEpoch) return undefined
  return entry.batches.find(
    (known) => known.lastSequence === batch.lastSequence && firstSequence(known) === batch.firstSequence
  )
}

const follows = (last: number, next: number): boolean => next === last + 1 || (next === 0 && last === maxSequence)

const checkSequence = (entry: ProducerEntry | undefined, batch: BatchProducer): Verdict => {
  if (entry === undefined) {
    return batch.transactionsV2 === true && batch.firstSequence !== 0
      ? refused(outOfOrderSequenceNumber, `first sequence ${batch.firstSequence} of an unknown transactional producer`)
      : accepted
  }
  if (entry.producerEpoch !== batch.producerEpoch) {
    return batch.firstSequence === 0
      ? accepted
      : refused(outOfOrderSequenceNumber, `first sequence ${batch.firstSequence} of new epoch ${batch.producerEpoch}`)
  }
  const last = lastBatch(entry)?.lastSequence ?? noSequence
  return follows(last, batch.firstSequence)
    ? accepted
    : refused(outOfOrderSequenceNumber, `sequence ${batch.firstSequence} does not follow ${last}`)
}

/**
 * What is to be done with a data batch (behaviours 062 to 067, 070): append it, answer it as the duplicate of one in the
 * log, or refuse it with an error code. Batches that come by replication are facts and always accepted.
 */
export const check = (state: ProducerState, batch: BatchProducer, origin: AppendOrigin = "client"): Verdict => {
  if (origin === "replication") return accepted
  const entry = get(state, batch.producerId)
  if (entry !== undefined) {
    const duplicate = origin === "client" ? findDuplicate(entry, batch) : undefined
    if (duplicate !== undefined) {
      const { lastOffset, offsetDelta, timestamp } = duplicate
      return { _tag: "Duplicate", baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs: timestamp }
    }
    if (batch.producerEpoch < entry.producerEpoch) {
      return refused(invalidProducerEpoch, `epoch ${batch.producerEpoch} is older than ${entry.producerEpoch}`)
    }
  }
  const sequence = origin === "client" ? checkSequence(entry, batch) : accepted
  if (sequence._tag !== "Accepted") return sequence
  return entry !== undefined && entry.currentTransactionFirstOffset >= 0 && !batch.isTransactional
    ? refused(invalidTxnState, `producer ${batch.producerId} has an open transaction here`)
    : accepted
}

/**
 * Whether a marker may be written (behaviour 154): not from an older producer epoch, not from an older coordinator. Under
 * transactions v2 the marker carries a raised epoch, so one equal to the known epoch is a repeat of the marker before.
 */
export const checkMarker = (state: ProducerState, marker: Marker, transactionsV2 = false): Verdict => {
  const entry = get(state, marker.producerId)
  if (entry === undefined) return accepted
  const tooOld = transactionsV2
    ? marker.producerEpoch <= entry.producerEpoch
    : marker.producerEpoch < entry.producerEpoch
  if (tooOld) {
    return refused(
      invalidProducerEpoch,
      `marker epoch ${marker.producerEpoch}, the partition has ${entry.producerEpoch}`
    )
  }
  return marker.coordinatorEpoch < entry.coordinatorEpoch
    ? refused(transactionCoordinatorFenced, `coordinator epoch ${marker.coordinatorEpoch} is older than the last`)
    : accepted
}

const remembered = (entry: ProducerEntry | undefined, batch: BatchProducer): ReadonlyArray<AppendedBatch> => {
  if (entry === undefined || entry.producerEpoch !== batch.producerEpoch) return []
  return entry.batches.length < retainedBatches ? entry.batches : entry.batches.slice(1)
}

/** The state once the batch is in the log at `baseOffset`…`lastOffset`; `timestamp` in milliseconds. */
export const append = (
  state: ProducerState,
  batch: BatchProducer,
  baseOffset: number,
  lastOffset: number,
  timestamp: number
): ProducerState => {
  const entry = get(state, batch.producerId)
  const known = entry?.currentTransactionFirstOffset ?? -1
  const opens = batch.isTransactional && known < 0
  const appended = { lastSequence: batch.lastSequence, lastOffset, offsetDelta: lastOffset - baseOffset, timestamp }
  const producers = HashMap.set(state.producers, batch.producerId, {
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    batches: [...remembered(entry, batch), appended],
    coordinatorEpoch: entry?.coordinatorEpoch ?? noEpoch,
    lastTimestamp: timestamp,
    currentTransactionFirstOffset: opens ? baseOffset : known
  })
  return opens
    ? { ...state, producers, open: [...state.open, { producerId: batch.producerId, firstOffset: baseOffset }] }
    : { ...state, producers }
}

export interface MarkerAppended {
  readonly state: ProducerState
  /** The transaction that the marker closed; undefined when the producer had none open here. */
  readonly completed: CompletedTransaction | undefined
}

/** The state once the marker is in the log at `offset`. */
export const appendMarker = (
  state: ProducerState,
  marker: Marker,
  offset: number,
  timestamp: number
): MarkerAppended => {
  const entry = get(state, marker.producerId)
  const firstOffset = entry?.currentTransactionFirstOffset ?? -1
  const producers = HashMap.set(state.producers, marker.producerId, {
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    batches: entry?.producerEpoch === marker.producerEpoch ? entry.batches : [],
    coordinatorEpoch: marker.coordinatorEpoch,
    lastTimestamp: timestamp,
    currentTransactionFirstOffset: -1
  })
  if (firstOffset < 0) return { state: { ...state, producers }, completed: undefined }
  const completed = { producerId: marker.producerId, firstOffset, lastOffset: offset, aborted: !marker.committed }
  const open = state.open.filter((transaction) => transaction.producerId !== marker.producerId)
  const after = state.unreplicated.findIndex((other) => other.firstOffset > firstOffset)
  const unreplicated = state.unreplicated.toSpliced(after < 0 ? state.unreplicated.length : after, 0, completed)
  return { state: { producers, open, unreplicated }, completed }
}

/**
 * The last stable offset as of a completed transaction, as the transaction index stores it: the first offset of any other
 * open transaction, else the one after the marker. `state` may be from before or after the marker.
 */
export const lastStableOffsetAt = (state: ProducerState, completed: CompletedTransaction): number =>
  state.open.find((transaction) => transaction.producerId !== completed.producerId)?.firstOffset ??
  completed.lastOffset + 1

/** First offset of the earliest transaction that is open, or closed by a marker not yet below the high watermark. */
export const firstUnstableOffset = (state: ProducerState): number | undefined => {
  const open = state.open[0]?.firstOffset
  const unreplicated = state.unreplicated[0]?.firstOffset
  if (open === undefined || unreplicated === undefined) return open ?? unreplicated
  return Math.min(open, unreplicated)
}

/** Forgets closed transactions whose marker the high watermark has passed. */
export const highWatermarkMoved = (state: ProducerState, highWatermark: number): ProducerState => {
  const unreplicated = state.unreplicated.filter((transaction) => transaction.lastOffset >= highWatermark)
  return unreplicated.length === state.unreplicated.length ? state : { ...state, unreplicated }
}

/** Whether the producer has a transaction open here under this epoch (KIP-890: the next batch needs no verification). */
export const hasOpenTransaction = (state: ProducerState, producerId: number, producerEpoch: number): boolean => {
  const entry = get(state, producerId)
  return entry !== undefined && entry.producerEpoch === producerEpoch && entry.currentTransactionFirstOffset >= 0
}

/** Forgets producers silent since `olderThanMs` (now less producer.id.expiration.ms) that have no open transaction. */
export const expire = (state: ProducerState, olderThanMs: number): ProducerState => {
  const producers = HashMap.filter(
    state.producers,
    (entry) => entry.currentTransactionFirstOffset >= 0 || entry.lastTimestamp > olderThanMs
  )
  return HashMap.size(producers) === HashMap.size(state.producers) ? state : { ...state, producers }
}

/**
 * The log start has moved. Producers stay, though their records are gone (KAFKA-7190: otherwise a slow producer on a short
 * retention loses its sequence); they go by `expire`. Closed transactions below the start no longer hold back anyone.
 */
export const removeBelow = (state: ProducerState, logStartOffset: number): ProducerState =>
  highWatermarkMoved(state, logStartOffset)

/** Every known producer, in no particular order. */
export const entries = (state: ProducerState): Iterable<ProducerEntry> => HashMap.values(state.producers)

/** A state holding exactly these producers; their open transactions follow from the entries. */
export const fromEntries = (list: Iterable<ProducerEntry>): ProducerState => {
  const all = [...list]
  const open = all
    .filter((entry) => entry.currentTransactionFirstOffset >= 0)
    .map((entry) => ({ producerId: entry.producerId, firstOffset: entry.currentTransactionFirstOffset }))
    .sort((one, other) => one.firstOffset - other.firstOffset)
  return { producers: HashMap.fromIterable(all.map((entry) => [entry.producerId, entry])), open, unreplicated: [] }
}
