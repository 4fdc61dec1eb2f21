/**
 * Waiting for records: one, or many at once. Invariant: whoever waits is resumed once, when the last of its records has ended or the
 * first has failed. Neighbour: `Batch.ts`, which tells.
 */
import * as Effect from "effect/Effect"
import type { ProduceError } from "../KlammError.ts"
import type { RecordMetadata, Waiter } from "./Batch.ts"

type Ending<A> = Effect.Effect<A, ProduceError>

abstract class Pending<A> implements Waiter<ProduceError> {
  private ending: Ending<A> | undefined
  private resume: ((ending: Ending<A>) => void) | undefined

  abstract stored(slot: number, metadata: RecordMetadata): void

  failed(_slot: number, failure: ProduceError): void {
    this.end(Effect.fail(failure))
  }

  protected end(ending: Ending<A>): void {
    if (this.ending !== undefined) return
    this.ending = ending
    this.resume?.(ending)
  }

  readonly wait: Ending<A> = Effect.callback<A, ProduceError>((resume) => {
    if (this.ending !== undefined) return resume(this.ending)
    this.resume = resume
  })
}

export class PendingRecord extends Pending<RecordMetadata> {
  stored(_slot: number, metadata: RecordMetadata): void {
    this.end(Effect.succeed(metadata))
  }
}

export class PendingRecords extends Pending<ReadonlyArray<RecordMetadata>> {
  private readonly all: Array<RecordMetadata>
  private left: number

  constructor(count: number) {
    super()
    this.all = new Array<RecordMetadata>(count)
    this.left = count
    if (count === 0) this.end(Effect.succeed(this.all))
  }

  stored(slot: number, metadata: RecordMetadata): void {
    this.all[slot] = metadata
    this.left -= 1
    if (this.left === 0) this.end(Effect.succeed(this.all))
  }
}

/** Waits for records that are still being handed over; keeps nothing of them but how many there are, and the first failure. */
export class PendingCount extends Pending<number> {
  private begun = 0
  private done = 0
  private isClosed = false
  failure: ProduceError | undefined

  begin(count: number): void {
    this.begun += count
  }

  stored(): void {
    this.done += 1
    this.look()
  }

  override failed(slot: number, failure: ProduceError): void {
    this.failure ??= failure
    super.failed(slot, failure)
  }

  /** No more records come. */
  close(): void {
    this.isClosed = true
    this.look()
  }

  private look(): void {
    if (this.isClosed && this.done === this.begun) this.end(Effect.succeed(this.done))
  }
}
