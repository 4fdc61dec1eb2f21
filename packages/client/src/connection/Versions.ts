/**
 * Which version of a request is spoken: the highest that this client, the broker and the caller know. Pure. Neighbour:
 * `BrokerConnection.ts`, which asks each broker what it knows.
 */
import type { Table } from "@klamm/protocol/Api"

export interface Range {
  readonly min: number
  readonly max: number
}

/** What a broker offers, by API key. */
export type Offered = ReadonlyMap<number, Range>

/** The versions of a message that this client may send: one that Kafka does not call stable is not among them. */
export const ownRange = ({ versions, latestVersionUnstable }: Table): Range => ({
  min: versions.min,
  max: latestVersionUnstable ? versions.max - 1 : versions.max
})

const narrowed = (one: Range, other: { readonly minVersion?: number; readonly maxVersion?: number }): Range => ({
  min: Math.max(one.min, other.minVersion ?? one.min),
  max: Math.min(one.max, other.maxVersion ?? one.max)
})

/** The version to speak, or undefined when there is none in common. */
export const choose = (
  message: Table,
  offered: Range | undefined,
  bounds: { readonly minVersion?: number; readonly maxVersion?: number } = {}
): number | undefined => {
  if (offered === undefined) return undefined
  const wanted = narrowed(ownRange(message), bounds)
  const version = Math.min(wanted.max, offered.max)
  return version >= Math.max(wanted.min, offered.min) ? version : undefined
}

export const printRange = ({ min, max }: Range): string => `${min}-${max}`
