/**
 * AlterUserScramCredentials (key 51): sets and deletes SCRAM credentials. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ScramCredentialDeletion = f.struct({
  name: f.string,
  mechanism: f.int8
})
export type ScramCredentialDeletion = typeof ScramCredentialDeletion.Type

export const ScramCredentialUpsertion = f.struct({
  name: f.string,
  mechanism: f.int8,
  iterations: f.int32,
  salt: f.bytes,
  saltedPassword: f.bytes
})
export type ScramCredentialUpsertion = typeof ScramCredentialUpsertion.Type

export const AlterUserScramCredentialsRequest = message(
  "AlterUserScramCredentialsRequest",
  { key: 51, versions: "0", flexible: "0+" },
  {
    deletions: f.array(ScramCredentialDeletion),
    upsertions: f.array(ScramCredentialUpsertion)
  }
)
export type AlterUserScramCredentialsRequest = typeof AlterUserScramCredentialsRequest.Type

export const AlterUserScramCredentialsResult = f.struct({
  user: f.string,
  errorCode: f.int16,
  errorMessage: f.string.nulls()
})
export type AlterUserScramCredentialsResult = typeof AlterUserScramCredentialsResult.Type

export const AlterUserScramCredentialsResponse = message(
  "AlterUserScramCredentialsResponse",
  { key: 51, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(AlterUserScramCredentialsResult)
  }
)
export type AlterUserScramCredentialsResponse = typeof AlterUserScramCredentialsResponse.Type
