/**
 * What a record that could not be decoded or processed becomes on the dead-letter topic: its bytes and headers as they were, and in
 * further headers where it came from and why it is there. Pure. Invariant: nothing of the record is changed or lost, so that it can be
 * sent to its topic again as it was. Neighbour: `Processing.ts` sends it.
 */
import * as Cause from "effect/Cause"
import type { RawRecord } from "../consumer/fetch/RecordReader.ts"
import type { Header } from "../Topic.ts"

/** Before the name of each header that is added. */
export const prefix = "klamm.dlq."

/** Bytes of a stack trace that are kept. */
const stackMaxCharacters = 4_096

export interface DeadLetter {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyArray<Header>
}

export interface Failed {
  readonly topic: string
  readonly partition: number
  readonly group: string
  readonly raw: RawRecord
  readonly cause: Cause.Cause<unknown>
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

const nameOf = (error: unknown): string => {
  if (typeof error === "object" && error !== null) {
    if ("_tag" in error && typeof error._tag === "string") return error._tag
    if (error instanceof Error) return error.name
  }
  return typeof error
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const of = ({ topic, partition, group, raw, cause }: Failed): DeadLetter => {
  const error = Cause.squash(cause)
  const added: { readonly [name: string]: string } = {
    topic,
    partition: String(partition),
    offset: String(raw.offset),
    timestamp: String(raw.timestamp),
    group,
    error: nameOf(error),
    message: wordsOf(error),
    stack: Cause.pretty(cause).slice(0, stackMaxCharacters)
  }
  const own = raw.headers.map((each) => ({ key: text.decode(each.key), value: each.value }))
  const more = Object.entries(added).map(([name, value]) => ({ key: prefix + name, value: utf8.encode(value) }))
  return { key: raw.key, value: raw.value, headers: [...own, ...more] }
}
