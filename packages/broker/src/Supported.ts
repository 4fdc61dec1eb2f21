/**
 * What a configuration may ask for. Invariant: a setting that is meant to protect something and is not built is refused, never
 * ignored.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { roles } from "@klamm/config/Derived"
import { parseVoters } from "@klamm/config/Listeners"
import { NotSupported } from "./Failure.ts"

/** The first setting that this broker can't honour. */
export const unsupported = ({ values, endpoints }: StaticConfig): NotSupported | undefined => {
  const refuse = (key: string, detail: string) => new NotSupported({ key, detail })
  const { broker, controller } = roles(values)
  if (!broker || !controller) return refuse("process.roles", "a node is broker and controller at once in this release")
  const others = parseVoters(values["controller.quorum.voters"]).filter((voter) => voter.id !== values["node.id"])
  if (others.length > 0) return refuse("controller.quorum.voters", "a quorum has one voter, this node, in this release")
  const secure = endpoints.listeners.find((listener) => listener.protocol !== "PLAINTEXT")
  if (secure !== undefined) {
    return refuse("listeners", `${secure.name} is ${secure.protocol}; only PLAINTEXT is served in this release`)
  }
  if (values["authorizer.class.name"] !== "") {
    return refuse("authorizer.class.name", "there is no authorizer in this release")
  }
  return undefined
}
