/**
 * Looks into what members of a consumer group say to each other: the topics they subscribe to, which decide whose commits may
 * expire or be deleted. Invariant: bytes that are no subscription are no error, only unknown.
 */
import { codec } from "@klamm/protocol/Compile"
import { MalformedBytes } from "@klamm/protocol/Malformed"
import { Reader } from "@klamm/protocol/Reader"
import { ConsumerProtocolSubscription } from "@klamm/protocol/records/ConsumerProtocol"

/** The topics, read as version 0, which is how every later version begins; undefined for something else. */
export const subscriptionTopics = (metadata: Uint8Array): ReadonlyArray<string> | undefined => {
  try {
    const reader = new Reader(metadata)
    const version = reader.int16()
    return version < 0 ? undefined : codec(ConsumerProtocolSubscription, 0).decode(reader).topics
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
