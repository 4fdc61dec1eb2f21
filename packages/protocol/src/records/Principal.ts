/**
 * A principal as it travels inside an Envelope, with its version as an int16 before it.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DefaultPrincipalData = message(
  "DefaultPrincipalData",
  { versions: "0", flexible: "0+" },
  {
    type: f.string,
    name: f.string,
    tokenAuthenticated: f.bool
  }
)
export type DefaultPrincipalData = typeof DefaultPrincipalData.Type
