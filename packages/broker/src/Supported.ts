/**
 * What a configuration may ask for. Invariant: a setting that is meant to protect something and is not built is refused, never
 * ignored.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { NotSupported } from "./Failure.ts"

/** The first setting that this broker can't honour. */
export const unsupported = ({ values, endpoints }: StaticConfig): NotSupported | undefined => {
  const refuse = (key: string, detail: string) => new NotSupported({ key, detail })
  const secure = endpoints.listeners.find((listener) => listener.protocol !== "PLAINTEXT")
  if (secure !== undefined) {
    return refuse("listeners", `${secure.name} is ${secure.protocol}; only PLAINTEXT is served in this release`)
  }
  if (values["authorizer.class.name"] !== "") {
    return refuse("authorizer.class.name", "there is no authorizer in this release")
  }
  return undefined
}
