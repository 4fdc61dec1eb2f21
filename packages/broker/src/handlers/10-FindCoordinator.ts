/**
 * FindCoordinator (key 10): which broker looks after a group: the leader of the partition of the offsets topic that the group's
 * name falls on. The topic is created when it is first needed (behaviour 107). Several keys at once from v4 (KIP-699).
 */
import { FindCoordinatorRequest, FindCoordinatorResponse } from "@klamm/protocol/api/10-FindCoordinator"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { ensureTopics } from "../AutoCreate.ts"
import { offsetsTopic } from "../Cluster.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Coordinator = NonNullable<(typeof FindCoordinatorResponse.Input)["coordinators"]>[number]

const groupType = 0
const transactionType = 1
const batchedVersion = 4
/** What a single key's answer says when there is no error: the name of the code. */
const successMessage = "NONE"

const refuse = (key: string, errorCode: number, errorMessage: string): Coordinator => ({
  key,
  nodeId: -1,
  host: "",
  port: -1,
  errorCode,
  errorMessage
})

const find = (services: Services, key: string, keyType: number, listenerName: string): Coordinator => {
  if (keyType === transactionType) {
    return refuse(key, ErrorCode.INVALID_REQUEST, "This broker does not coordinate transactions.")
  }
  if (keyType !== groupType) return refuse(key, ErrorCode.INVALID_REQUEST, `Unknown coordinator type ${keyType}.`)
  const partition = services.cluster().topicByName(offsetsTopic)?.partitions[services.coordinator.partitionFor(key)]
  const leader = partition === undefined ? undefined : services.cluster().broker(partition.leader)
  const endpoint = leader?.fenced === false ? leader.endpoints.get(listenerName) : undefined
  if (leader === undefined || endpoint === undefined) {
    return refuse(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, "The coordinator is not available.")
  }
  const { host, port } = endpoint
  return { key, nodeId: leader.id, host, port, errorCode: ErrorCode.NONE, errorMessage: "" }
}

export const findCoordinator = (services: Services): Handler =>
  handler(FindCoordinatorRequest, FindCoordinatorResponse, (request, { apiVersion, listenerName }) =>
    Effect.gen(function* () {
      const missing = services.cluster().topicByName(offsetsTopic) === undefined
      if (request.keyType === groupType && missing) yield* ensureTopics(services, [offsetsTopic])
      if (apiVersion >= batchedVersion) {
        const coordinators = request.coordinatorKeys.map((key) => find(services, key, request.keyType, listenerName))
        return { throttleTimeMs: 0, coordinators }
      }
      const { key, ...answer } = find(services, request.key, request.keyType, listenerName)
      const errorMessage = answer.errorCode === ErrorCode.NONE ? successMessage : answer.errorMessage
      return { throttleTimeMs: 0, ...answer, errorMessage }
    })
  )
