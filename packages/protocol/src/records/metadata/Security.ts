/**
 * Access control entries, SCRAM credentials and delegation tokens in the metadata log. Each is stored behind a frame
 * version, its type (the key here) and its version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const AccessControlEntryRecord = message(
  "AccessControlEntryRecord",
  { key: 18, versions: "0", flexible: "0+" },
  {
    id: f.uuid,
    resourceType: f.int8,
    resourceName: f.string,
    patternType: f.int8,
    principal: f.string,
    host: f.string,
    operation: f.int8,
    permissionType: f.int8
  }
)
export type AccessControlEntryRecord = typeof AccessControlEntryRecord.Type

export const RemoveAccessControlEntryRecord = message(
  "RemoveAccessControlEntryRecord",
  { key: 19, versions: "0", flexible: "0+" },
  {
    id: f.uuid
  }
)
export type RemoveAccessControlEntryRecord = typeof RemoveAccessControlEntryRecord.Type

export const UserScramCredentialRecord = message(
  "UserScramCredentialRecord",
  { key: 11, versions: "0", flexible: "0+" },
  {
    name: f.string,
    mechanism: f.int8,
    salt: f.bytes,
    storedKey: f.bytes,
    serverKey: f.bytes,
    iterations: f.int32
  }
)
export type UserScramCredentialRecord = typeof UserScramCredentialRecord.Type

export const RemoveUserScramCredentialRecord = message(
  "RemoveUserScramCredentialRecord",
  { key: 22, versions: "0", flexible: "0+" },
  {
    name: f.string,
    mechanism: f.int8
  }
)
export type RemoveUserScramCredentialRecord = typeof RemoveUserScramCredentialRecord.Type

export const DelegationTokenRecord = message(
  "DelegationTokenRecord",
  { key: 10, versions: "0", flexible: "0+" },
  {
    owner: f.string,
    requester: f.string,
    renewers: f.array(f.string),
    issueTimestamp: f.int64,
    maxTimestamp: f.int64,
    expirationTimestamp: f.int64,
    tokenId: f.string
  }
)
export type DelegationTokenRecord = typeof DelegationTokenRecord.Type

export const RemoveDelegationTokenRecord = message(
  "RemoveDelegationTokenRecord",
  { key: 26, versions: "0", flexible: "0+" },
  {
    tokenId: f.string
  }
)
export type RemoveDelegationTokenRecord = typeof RemoveDelegationTokenRecord.Type
