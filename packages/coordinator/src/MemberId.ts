/** Member ids: the client's id or the instance id, and a random uuid in the form Java prints it (Kafka's ClassicGroup). */
import { uuid } from "@klamm/platform/Entropy"
import * as Uuid from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"

const uuidBytes = 16

/** 8-4-4-4-12 hexadecimal digits. */
const hexadecimal = (id: string): string => {
  const bytes = new Uint8Array(uuidBytes)
  Uuid.toBytes(id, bytes)
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32]
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join("-")
}

export const newMemberId = (prefix: string): Effect.Effect<string> =>
  Effect.map(uuid, (id) => `${prefix}-${hexadecimal(id)}`)
