/**
 * The keys of Kafka's own authorizer. Kafka leaves them out of its table, since they belong to a plugin; here the authorizer
 * is built in. Invariant: names, defaults and meaning are those of Kafka's StandardAuthorizer. Neighbours: Table.ts (what a
 * row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"

export const authorizerKeys = [
  key("super.users", {
    type: "string",
    default: "",
    importance: "medium",
    awaits: "authorizer",
    doc: "The principals that may do everything, separated by semicolons."
  }),
  key("allow.everyone.if.no.acl.found", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "authorizer",
    doc: "Whether everyone may use a resource that no access rule names."
  })
] as const
