/**
 * Why a broker could not start or could not go on, in one sentence for a person. Invariant: what can be caused from outside (a port, a
 * directory, a setting) is a sentence with what to do about it; only a defect of ours shows a stack.
 */

import type { LogDirectoryRefused } from "@klamm/log"
import type { CorruptLog } from "@klamm/log/LogError"
import type { DiskError } from "@klamm/platform"
import type { NetworkError } from "@klamm/platform/Network"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type { DirectoryFailureUntold, RegistrationRefused, RegistrationTimedOut } from "./BrokerLifecycle.ts"
import type { NotFormatted } from "./Storage.ts"

/** The configuration asks for what this broker does not do. */
export class NotSupported extends Data.TaggedError("NotSupported")<{ readonly key: string; readonly detail: string }> {
  override get message(): string {
    return `${this.key}: ${this.detail}`
  }
}

export type BrokerFailure =
  | CorruptLog
  | DirectoryFailureUntold
  | DiskError
  | LogDirectoryRefused
  | NetworkError
  | NotFormatted
  | NotSupported
  | RegistrationRefused
  | RegistrationTimedOut

const describeDisk = ({ reason, operation, path }: DiskError): string => {
  switch (reason) {
    case "Locked":
      return `the data directory is in use by another process: ${path}. Stop that one, or choose another with --set log.dirs=DIRECTORY`
    case "PermissionDenied":
    case "ReadOnly":
      return `the data directory can't be written: ${path} (${reason}). Choose another with --set log.dirs=DIRECTORY`
    case "AlreadyExists":
    case "NotADirectory":
      return `${path} is not a directory. Choose another with --set log.dirs=DIRECTORY`
    case "NotFound":
      return `there is no ${path} and it can't be made. Choose another with --set log.dirs=DIRECTORY`
    case "Full":
      return `the disk is full: ${operation} ${path}`
    case "TooManyOpenFiles":
      return `the process may not open more files (ulimit -n): ${operation} ${path}`
    default:
      return `the disk failed: ${operation} ${path}: ${reason}`
  }
}

const describeNetwork = ({ reason, address }: NetworkError): string => {
  switch (reason) {
    case "AddressInUse":
      return `the port is in use: ${address}. Stop what listens there, or choose another with --set listeners=PLAINTEXT://localhost:PORT`
    case "AddressNotAvailable":
      return `this machine has no such address: ${address}. Check listeners`
    case "PermissionDenied":
      return `this user may not listen on ${address}: ports below 1024 are for root`
    default:
      return `the network failed: ${address}: ${reason}`
  }
}

const describe = (failure: BrokerFailure): string => {
  switch (failure._tag) {
    case "DiskError":
      return describeDisk(failure)
    case "NetworkError":
      return describeNetwork(failure)
    case "LogDirectoryRefused":
      return `the data directory ${failure.message}. Give this node its own with --set log.dirs=DIRECTORY`
    case "NotFormatted":
      return (
        `this node is one of several and its data directory is new: ${failure.directories.join(", ")}. Say which cluster it belongs to ` +
        "with: klamm storage format --cluster-id ID -c server.properties"
      )
    case "CorruptLog":
      return `stored data is damaged and was left as it is: ${failure.message}`
    case "RegistrationTimedOut":
      return `${failure.message}. Are they running, and does controller.quorum.bootstrap.servers or controller.quorum.voters name them?`
    default:
      return failure.message
  }
}

/** The first failure in a cause as a sentence; a defect with its stack. */
export const describeFailure = (cause: Cause.Cause<BrokerFailure>): string => {
  const failure = cause.reasons.find(Cause.isFailReason)
  return failure === undefined ? `a defect of the broker: ${Cause.pretty(cause)}` : describe(failure.error)
}
