/** What belongs to users and clients: quotas, SCRAM credentials, delegation tokens. */

import * as Digest from "@klamm/platform/node/Digest"
import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse
} from "@klamm/protocol/api/38-CreateDelegationToken"
import { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from "@klamm/protocol/api/39-RenewDelegationToken"
import {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse
} from "@klamm/protocol/api/40-ExpireDelegationToken"
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse
} from "@klamm/protocol/api/41-DescribeDelegationToken"
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from "@klamm/protocol/api/48-DescribeClientQuotas"
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from "@klamm/protocol/api/49-AlterClientQuotas"
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse
} from "@klamm/protocol/api/50-DescribeUserScramCredentials"
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse
} from "@klamm/protocol/api/51-AlterUserScramCredentials"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type * as Redacted from "effect/Redacted"
import { reveal } from "../connection/Sasl.ts"
import { minIterations } from "../connection/Scram.ts"
import { type Admin, anyBroker, ask, controller, failureOf, failuresOf, names, outcome } from "./Call.ts"

const utf8 = new TextEncoder()

/** Whom a quota is for: `{ user: "alice", "client-id": null }`; null is the default of its kind. */
export type QuotaEntity = { readonly [K in "user" | "client-id" | "ip"]?: string | null }

/** What an entity may use. */
export interface Quota {
  readonly entity: QuotaEntity
  /** By Kafka's names, such as `producer_byte_rate`. */
  readonly values: Readonly<Record<string, number>>
}

type EntityData = ReadonlyArray<{ readonly entityType: string; readonly entityName: string | null }>

const entityOf = (entity: EntityData): QuotaEntity =>
  Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName]))

const entityData = (entity: QuotaEntity): EntityData =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName: entityName ?? null }))

const matchTypes = { exact: 0, default: 1, any: 2 } as const

/** Quotas whose entities have these parts: a name, null for the default, "any"; `strict`: and no others. */
export const describeQuotas = (
  filter: { readonly [K in keyof QuotaEntity]?: { readonly name: string } | "default" | "any" } = {},
  options: { readonly strict?: boolean } = {}
): Admin<ReadonlyArray<Quota>> =>
  ask({
    operation: "describeQuotas",
    target: anyBroker,
    api: { request: DescribeClientQuotasRequest, response: DescribeClientQuotasResponse },
    body: {
      components: Object.entries(filter).map(([entityType, wanted]) =>
        typeof wanted === "string"
          ? { entityType, matchType: matchTypes[wanted], match: null }
          : { entityType, matchType: matchTypes.exact, match: wanted.name }
      ),
      strict: options.strict ?? false
    },
    read: (answer) =>
      outcome(
        (answer.entries ?? []).map(({ entity, values }) => ({
          entity: entityOf(entity),
          values: Object.fromEntries(values.map(({ key, value }) => [key, value]))
        })),
        failureOf("", answer)
      )
  })

/** Undefined removes a value. */
export interface QuotaChange {
  readonly entity: QuotaEntity
  readonly values: Readonly<Record<string, number | undefined>>
}

/** Sets and removes quotas. Fails with AdminError, which names the entities that were refused. */
export const alterQuotas = (
  changes: ReadonlyArray<QuotaChange>,
  options: { readonly validateOnly?: boolean } = {}
): Admin<void> =>
  ask({
    operation: "alterQuotas",
    target: controller,
    api: { request: AlterClientQuotasRequest, response: AlterClientQuotasResponse },
    body: {
      entries: changes.map(({ entity, values }) => ({
        entity: entityData(entity),
        ops: Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === undefined }))
      })),
      validateOnly: options.validateOnly ?? false
    },
    read: ({ entries }) =>
      outcome(
        undefined,
        failuresOf(entries, ({ entity }) => JSON.stringify(entityOf(entity))),
        entries.length
      )
  })

const mechanisms = names({ "SCRAM-SHA-256": 1, "SCRAM-SHA-512": 2 })
/** How a password is derived. */
export type ScramMechanism = Parameters<typeof mechanisms.numberOf>[0]

/** A user and the credentials there are, without secrets. */
export interface ScramUser {
  readonly user: string
  readonly credentials: ReadonlyArray<{ readonly mechanism: ScramMechanism; readonly iterations: number }>
}

/** Of all users when none are named; users without credentials are left out. */
export const describeScramUsers = (users?: ReadonlyArray<string>): Admin<ReadonlyArray<ScramUser>> =>
  ask({
    operation: "describeScramUsers",
    target: anyBroker,
    api: { request: DescribeUserScramCredentialsRequest, response: DescribeUserScramCredentialsResponse },
    body: { users: users?.map((name) => ({ name })) ?? null },
    read: (answer) => {
      const known = answer.results.filter(({ errorCode }) => errorCode !== ErrorCode.RESOURCE_NOT_FOUND)
      return outcome(
        known.map(({ user, credentialInfos }) => ({
          user,
          credentials: credentialInfos.flatMap(({ mechanism, iterations }) => {
            const name = mechanisms.nameOf(mechanism)
            return name === "unknown" ? [] : [{ mechanism: name, iterations }]
          })
        })),
        [...failureOf("", answer), ...failuresOf(known, ({ user }) => user)]
      )
    }
  })

/** A credential that is set, or goes. */
export type ScramChange =
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly delete: true }
  | {
      readonly user: string
      readonly mechanism: ScramMechanism
      /** Brokers are never told it: they get what RFC 5802 derives from it. */
      readonly password: Redacted.Redacted | string
      readonly iterations?: number
      /** Drawn unless it is given. */
      readonly salt?: Uint8Array
    }

const saltBytes = 24
const digests = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512" } as const

const upsertion = (change: Exclude<ScramChange, { readonly delete: true }>) => {
  const { user, mechanism, password, iterations = minIterations } = change
  const salt = change.salt ?? utf8.encode(Digest.secret(saltBytes))
  const secret = utf8.encode(reveal(password).normalize("NFKC"))
  const saltedPassword = Digest.iterate(digests[mechanism], secret, salt, iterations)
  return { name: user, mechanism: mechanisms.numberOf(mechanism), iterations, salt, saltedPassword }
}

/** Sets and deletes credentials. Fails with AdminError, which names the users that were refused. */
export const alterScramUsers = (changes: ReadonlyArray<ScramChange>): Admin<void> =>
  ask({
    operation: "alterScramUsers",
    target: controller,
    api: { request: AlterUserScramCredentialsRequest, response: AlterUserScramCredentialsResponse },
    body: {
      deletions: changes.flatMap((change) =>
        "delete" in change ? [{ name: change.user, mechanism: mechanisms.numberOf(change.mechanism) }] : []
      ),
      upsertions: changes.flatMap((change) => ("delete" in change ? [] : [upsertion(change)]))
    },
    read: ({ results }) =>
      outcome(
        undefined,
        failuresOf(results, ({ user }) => user),
        results.length
      )
  })

/** Somebody, as brokers know him. */
export interface Principal {
  /** `User`. */
  readonly type: string
  readonly name: string
}

/** A token that stands for its owner. Times are in ms since 1970; `hmac` is a secret. */
export interface DelegationToken {
  readonly id: string
  readonly hmac: Uint8Array
  readonly owner: Principal
  readonly requester: Principal
  readonly renewers: ReadonlyArray<Principal>
  readonly issuedMs: number
  readonly expiresMs: number
  readonly maxMs: number
}

const principal = (type: string, name: string): Principal => ({ type, name })
const named = ({ type, name }: Principal) => ({ principalType: type, principalName: name })

/**
 * A token for the one who asks, or for `owner`, which those in `renewers` may renew. The longest lifetime is the
 * broker's unless said. Fails with AdminError.
 */
export const createToken = (
  options: {
    readonly renewers?: ReadonlyArray<Principal>
    readonly owner?: Principal
    readonly maxLifetimeMs?: number
  } = {}
): Admin<DelegationToken> =>
  ask({
    operation: "createToken",
    target: controller,
    api: { request: CreateDelegationTokenRequest, response: CreateDelegationTokenResponse },
    minVersion: 3,
    body: {
      ownerPrincipalType: options.owner?.type ?? null,
      ownerPrincipalName: options.owner?.name ?? null,
      renewers: (options.renewers ?? []).map(named),
      maxLifetimeMs: options.maxLifetimeMs ?? -1
    },
    read: (answer) =>
      outcome(
        {
          id: answer.tokenId,
          hmac: answer.hmac.slice(),
          owner: principal(answer.principalType, answer.principalName),
          requester: principal(answer.tokenRequesterPrincipalType, answer.tokenRequesterPrincipalName),
          renewers: options.renewers ?? [],
          issuedMs: answer.issueTimestampMs,
          expiresMs: answer.expiryTimestampMs,
          maxMs: answer.maxTimestampMs
        },
        failureOf("", answer)
      )
  })

/** Answers when it expires now. */
export const renewToken = (hmac: Uint8Array, options: { readonly periodMs?: number } = {}): Admin<number> =>
  ask({
    operation: "renewToken",
    target: controller,
    api: { request: RenewDelegationTokenRequest, response: RenewDelegationTokenResponse },
    body: { hmac, renewPeriodMs: options.periodMs ?? -1 },
    read: (answer) => outcome(answer.expiryTimestampMs, failureOf("", answer))
  })

/** At once unless a period is named. Answers when it expires now. */
export const expireToken = (hmac: Uint8Array, options: { readonly periodMs?: number } = {}): Admin<number> =>
  ask({
    operation: "expireToken",
    target: controller,
    api: { request: ExpireDelegationTokenRequest, response: ExpireDelegationTokenResponse },
    body: { hmac, expiryTimePeriodMs: options.periodMs ?? -1 },
    read: (answer) => outcome(answer.expiryTimestampMs, failureOf("", answer))
  })

/** Of all owners when none are named. */
export const describeTokens = (owners?: ReadonlyArray<Principal>): Admin<ReadonlyArray<DelegationToken>> =>
  ask({
    operation: "describeTokens",
    target: anyBroker,
    api: { request: DescribeDelegationTokenRequest, response: DescribeDelegationTokenResponse },
    body: { owners: owners?.map(named) ?? null },
    read: (answer) =>
      outcome(
        answer.tokens.map((token) => ({
          id: token.tokenId,
          hmac: token.hmac.slice(),
          owner: principal(token.principalType, token.principalName),
          requester: principal(token.tokenRequesterPrincipalType, token.tokenRequesterPrincipalName),
          renewers: token.renewers.map(({ principalType, principalName }) => principal(principalType, principalName)),
          issuedMs: token.issueTimestamp,
          expiresMs: token.expiryTimestamp,
          maxMs: token.maxTimestamp
        })),
        failureOf("", answer)
      )
  })
