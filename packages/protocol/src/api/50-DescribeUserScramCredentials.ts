/**
 * DescribeUserScramCredentials (key 50): lists the SCRAM credentials of users, without secrets. Flexible in every
 * version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const UserName = f.struct({
  name: f.string
})
export type UserName = typeof UserName.Type

export const DescribeUserScramCredentialsRequest = message(
  "DescribeUserScramCredentialsRequest",
  { key: 50, versions: "0", flexible: "0+" },
  {
    users: f.array(UserName).nulls()
  }
)
export type DescribeUserScramCredentialsRequest = typeof DescribeUserScramCredentialsRequest.Type

export const CredentialInfo = f.struct({
  mechanism: f.int8,
  iterations: f.int32
})
export type CredentialInfo = typeof CredentialInfo.Type

export const DescribeUserScramCredentialsResult = f.struct({
  user: f.string,
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  credentialInfos: f.array(CredentialInfo)
})
export type DescribeUserScramCredentialsResult = typeof DescribeUserScramCredentialsResult.Type

export const DescribeUserScramCredentialsResponse = message(
  "DescribeUserScramCredentialsResponse",
  { key: 50, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    results: f.array(DescribeUserScramCredentialsResult)
  }
)
export type DescribeUserScramCredentialsResponse = typeof DescribeUserScramCredentialsResponse.Type
