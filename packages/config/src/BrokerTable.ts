/**
 * Every broker key, joined from one file per area, and the type of a broker's resolved values. Invariant: a key is
 * declared in exactly one of those files. Neighbours: Table.ts (what a row is), BrokerConfig.ts (resolved values),
 * TopicTable.ts (the keys some of these are defaults of).
 */
import { authorizerKeys } from "./BrokerTable/Authorizer.ts"
import { consumerGroupKeys } from "./BrokerTable/ConsumerGroup.ts"
import { coordinatorKeys } from "./BrokerTable/Coordinator.ts"
import { klammKeys } from "./BrokerTable/Klamm.ts"
import { logKeys } from "./BrokerTable/Log.ts"
import { quorumKeys } from "./BrokerTable/Quorum.ts"
import { remoteStorageKeys } from "./BrokerTable/RemoteStorage.ts"
import { replicationKeys } from "./BrokerTable/Replication.ts"
import { saslKeys } from "./BrokerTable/Sasl.ts"
import { serverKeys } from "./BrokerTable/Server.ts"
import { shareGroupKeys } from "./BrokerTable/ShareGroup.ts"
import { socketKeys } from "./BrokerTable/Socket.ts"
import { streamsGroupKeys } from "./BrokerTable/StreamsGroup.ts"
import { tlsKeys } from "./BrokerTable/Tls.ts"
import { transactionKeys } from "./BrokerTable/Transaction.ts"
import type { Index, Key, ValuesOf } from "./Table.ts"
import { index } from "./Table.ts"

/** The areas in the order in which the documentation shows them. */
export const brokerAreas = {
  server: serverKeys,
  "listeners and connections": socketKeys,
  "roles, quorum and metadata log": quorumKeys,
  log: logKeys,
  replication: replicationKeys,
  "group coordinator": coordinatorKeys,
  "consumer groups": consumerGroupKeys,
  "share groups": shareGroupKeys,
  "streams groups": streamsGroupKeys,
  transactions: transactionKeys,
  sasl: saslKeys,
  "tls and tokens": tlsKeys,
  authorization: authorizerKeys,
  "tiered storage": remoteStorageKeys,
  "klamm's own": klammKeys
} as const

type BrokerKeys = (typeof brokerAreas)[keyof typeof brokerAreas]

/** `values["log.segment.bytes"]` is a number, `values["log.retention.ms"]` a number or null. */
export type BrokerValues = ValuesOf<BrokerKeys>
export type BrokerKeyName = keyof BrokerValues

export const brokerKeys: ReadonlyArray<Key> = Object.values(brokerAreas).flat()
export const brokerTable: Index = index(brokerKeys)
