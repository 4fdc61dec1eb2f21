/**
 * What a client is told when the append of its group's records failed: the log's codes are the broker's own affair. The source
 * is Kafka's GroupMetadataManager and CoordinatorOperationExceptionHelper, which agree.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"

export const operationError = (appendError: number): number => {
  switch (appendError) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.UNKNOWN_SERVER_ERROR
    default:
      return appendError
  }
}

/** A fetch has an answer that consumers of before 3.9 know too: they look for the coordinator anew. */
export const fetchError = (appendError: number): number => {
  const errorCode = operationError(appendError)
  return errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ? ErrorCode.NOT_COORDINATOR : errorCode
}
