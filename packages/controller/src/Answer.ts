/** An error as answers carry it: Kafka's code, and a sentence or null. */
import { ErrorCode } from "@klamm/protocol/ErrorCode"

export interface Failure {
  readonly errorCode: number
  readonly message: string | null
}

export const ok: Failure = { errorCode: ErrorCode.NONE, message: null }
export const failure = (errorCode: number, message: string | null = null): Failure => ({ errorCode, message })
