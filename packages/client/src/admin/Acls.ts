/** Access control lists: who may do what with which resource, from where. Described, created, deleted, by Kafka's own filters. */
import { DescribeAclsRequest, DescribeAclsResponse } from "@klamm/protocol/api/29-DescribeAcls"
import { CreateAclsRequest, CreateAclsResponse } from "@klamm/protocol/api/30-CreateAcls"
import { DeleteAclsRequest, DeleteAclsResponse } from "@klamm/protocol/api/31-DeleteAcls"
import {
  type AclOperation,
  type Admin,
  aclOperations,
  anyBroker,
  ask,
  controller,
  failureOf,
  failuresOf,
  names,
  outcome
} from "./Call.ts"

const resourceTypes = names({ any: 1, topic: 2, group: 3, cluster: 4, transactionalId: 5, delegationToken: 6, user: 7 })
const patterns = names({ any: 1, match: 2, literal: 3, prefixed: 4 })
const permissions = names({ any: 1, deny: 2, allow: 3 })

/** What access is given to; `any` in filters only. */
export type AclResourceType = Parameters<typeof resourceTypes.numberOf>[0]
/**
 * How a name is meant: `literal`, `prefixed`; in filters also `any` and `match`, which is literal, prefixed and the
 * wildcard together.
 */
export type AclPattern = Parameters<typeof patterns.numberOf>[0]
/** `deny` goes before `allow`; `any` in filters only. */
export type AclPermission = Parameters<typeof permissions.numberOf>[0]

/** One rule: a principal may, or may not, do this with that resource, from that host. */
export interface Acl {
  readonly resource: Exclude<AclResourceType, "any">
  /** Of the cluster: `kafka-cluster`. */
  readonly name: string
  readonly pattern: "literal" | "prefixed"
  /** Such as `User:alice`, or `User:*`. */
  readonly principal: string
  /** An address, or `*`. */
  readonly host: string
  readonly operation: Exclude<AclOperation, "any">
  readonly permission: "allow" | "deny"
}

/** What is left out matches everything. */
export interface AclFilter {
  readonly resource?: AclResourceType
  readonly name?: string
  /** `match`: literal, prefixed and the wildcard, whatever concerns the name. */
  readonly pattern?: AclPattern
  readonly principal?: string
  readonly host?: string
  readonly operation?: AclOperation
  readonly permission?: AclPermission
}

const filterOf = (filter: AclFilter) => ({
  resourceTypeFilter: resourceTypes.numberOf(filter.resource ?? "any"),
  resourceNameFilter: filter.name ?? null,
  patternTypeFilter: patterns.numberOf(filter.pattern ?? "any"),
  principalFilter: filter.principal ?? null,
  hostFilter: filter.host ?? null,
  operation: aclOperations.numberOf(filter.operation ?? "any"),
  permissionType: permissions.numberOf(filter.permission ?? "any")
})

interface Encoded {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** Nothing when the broker speaks of kinds that this client does not know. */
const decoded = (entry: Encoded): ReadonlyArray<Acl> => {
  const resource = resourceTypes.nameOf(entry.resourceType)
  const pattern = patterns.nameOf(entry.patternType)
  const operation = aclOperations.nameOf(entry.operation)
  const permission = permissions.nameOf(entry.permissionType)
  if (resource === "unknown" || resource === "any" || operation === "unknown" || operation === "any") return []
  if (pattern !== "literal" && pattern !== "prefixed") return []
  if (permission !== "allow" && permission !== "deny") return []
  const { resourceName, principal, host } = entry
  return [{ resource, name: resourceName, pattern, principal, host, operation, permission }]
}

/**
 * The rules that match; all of them without a filter. Fails with AdminError, SECURITY_DISABLED where the cluster has
 * no authorizer.
 */
export const describeAcls = (filter: AclFilter = {}): Admin<ReadonlyArray<Acl>> =>
  ask({
    operation: "describeAcls",
    target: anyBroker,
    api: { request: DescribeAclsRequest, response: DescribeAclsResponse },
    body: filterOf(filter),
    read: (answer) =>
      outcome(
        answer.resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
          acls.flatMap((acl) => decoded({ ...acl, resourceType, resourceName, patternType }))
        ),
        failureOf("", answer)
      )
  })

const printed = ({ resource, name, principal, operation }: Acl): string =>
  `${principal} ${operation} ${resource} ${name}`

/**
 * Makes rules; one that is there already is made again without a failure. Fails with AdminError, which names the rules
 * that were refused.
 */
export const createAcls = (acls: ReadonlyArray<Acl>): Admin<void> =>
  ask({
    operation: "createAcls",
    target: controller,
    api: { request: CreateAclsRequest, response: CreateAclsResponse },
    body: {
      creations: acls.map(({ resource, name, pattern, principal, host, operation, permission }) => ({
        resourceType: resourceTypes.numberOf(resource),
        resourceName: name,
        resourcePatternType: patterns.numberOf(pattern),
        principal,
        host,
        operation: aclOperations.numberOf(operation),
        permissionType: permissions.numberOf(permission)
      }))
    },
    read: ({ results }) =>
      outcome(
        undefined,
        results.flatMap((result, index) => failureOf(acls[index] === undefined ? "" : printed(acls[index]), result)),
        results.length
      )
  })

/** Deletes what matches any of the filters; answers what that was. */
export const deleteAcls = (filters: ReadonlyArray<AclFilter>): Admin<ReadonlyArray<Acl>> =>
  ask({
    operation: "deleteAcls",
    target: controller,
    api: { request: DeleteAclsRequest, response: DeleteAclsResponse },
    body: { filters: filters.map(filterOf) },
    read: ({ filterResults }) => {
      const matching = filterResults.flatMap(({ matchingAcls }) => matchingAcls)
      return outcome(
        matching.flatMap(decoded),
        [
          ...filterResults.flatMap((result) => failureOf("", result)),
          ...failuresOf(matching, ({ principal }) => principal)
        ],
        Math.max(filterResults.length, matching.length)
      )
    }
  })
