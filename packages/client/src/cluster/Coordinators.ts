/**
 * Who coordinates a group, a transaction or a share partition: looked up once and remembered until an error says that it is somebody
 * else. Invariant: only an answer of a broker is remembered. Neighbour: `Router.ts`, which asks through this.
 */
import { FindCoordinatorRequest, FindCoordinatorResponse } from "@klamm/protocol/api/10-FindCoordinator"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { Broker, CoordinatorKind } from "../Cluster.ts"
import { BrokerError } from "../KlammError.ts"

export const findCoordinatorApi = { request: FindCoordinatorRequest, response: FindCoordinatorResponse }

const keyTypes: { readonly [Kind in CoordinatorKind]: number } = { group: 0, transaction: 1, share: 2 }

/** From this version on several keys may be asked for at once (KIP-699), and before it one. */
const firstBatchedVersion = 4
/** Coordinators of share partitions are known from this version on (KIP-932). */
const firstShareVersion = 6

export const lookupOf = (kind: CoordinatorKind, key: string) => ({
  body: (version: number) =>
    version >= firstBatchedVersion
      ? { key: "", keyType: keyTypes[kind], coordinatorKeys: [key] }
      : { key, keyType: keyTypes[kind], coordinatorKeys: [] },
  options: kind === "share" ? { minVersion: firstShareVersion } : {}
})

/** Whom the answer names. */
export const found = (
  kind: CoordinatorKind,
  key: string,
  answer: typeof FindCoordinatorResponse.Type,
  version: number
): Effect.Effect<Broker, BrokerError> => {
  const one = version >= firstBatchedVersion ? answer.coordinators[0] : answer
  const code = one === undefined ? ErrorCode.COORDINATOR_NOT_AVAILABLE : one.errorCode
  if (one === undefined || code !== ErrorCode.NONE) {
    return Effect.fail(
      new BrokerError({ code, api: "FindCoordinator", resource: `${kind} ${key}`, said: one?.errorMessage })
    )
  }
  return Effect.succeed({ id: one.nodeId, host: one.host, port: one.port, rack: null })
}

export class Coordinators {
  private readonly known = new Map<string, Broker>()

  get(kind: CoordinatorKind, key: string): Broker | undefined {
    return this.known.get(`${kind} ${key}`)
  }

  remember(kind: CoordinatorKind, key: string, broker: Broker): void {
    this.known.set(`${kind} ${key}`, broker)
  }

  forget(kind: CoordinatorKind, key: string): void {
    this.known.delete(`${kind} ${key}`)
  }
}
