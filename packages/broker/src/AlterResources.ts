/**
 * What AlterConfigs and IncrementalAlterConfigs have in common: resources named twice are refused, the broker's own check comes
 * first, the controller decides on the rest, and each resource has its own answer, in the order asked.
 */
import { type Refusal, type Resource, ResourceType, repeatedResource } from "@klamm/config/Alter"
import type { AlteredResource } from "@klamm/controller"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { ControlServices } from "./Services.ts"

export interface Asked {
  readonly resource: Resource
  /** Why this broker refuses it, if it does. */
  readonly refusal: Refusal | null
  readonly change: AlteredResource["change"]
}

interface Answer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
}

/** A broker's own values are changed through that broker. */
const otherBroker = ({ nodeId }: ControlServices, { type, name }: Resource): Refusal | null => {
  if ((type !== ResourceType.broker && type !== ResourceType.brokerLogger) || name === "") return null
  if (!/^[+-]?[0-9]+$/.test(name)) {
    return { errorCode: ErrorCode.INVALID_REQUEST, message: `Node id must be an integer, but it is: ${name}` }
  }
  return Number(name) === nodeId
    ? null
    : {
        errorCode: ErrorCode.INVALID_REQUEST,
        message: `Unexpected broker id, expected ${nodeId}, but received ${name}`
      }
}

const keyOf = ({ type, name }: Resource): string => `${type}/${name}`

const repeated = (asked: ReadonlyArray<Asked>): ReadonlySet<string> => {
  const seen = new Set<string>()
  return new Set(asked.map(({ resource }) => keyOf(resource)).filter((key) => seen.size === seen.add(key).size))
}

export const alterResources = (
  services: ControlServices,
  asked: ReadonlyArray<Asked>,
  validateOnly: boolean
): Effect.Effect<ReadonlyArray<Answer>> =>
  Effect.gen(function* () {
    const twice = repeated(asked)
    const checked = asked.map((each) => {
      if (twice.has(keyOf(each.resource))) return { ...each, refusal: repeatedResource }
      return { ...each, refusal: otherBroker(services, each.resource) ?? each.refusal }
    })
    const resources = checked.filter(({ refusal }) => refusal === null)
    const command = { _tag: "AlterConfigs", resources, validateOnly } as const
    const altered = resources.length === 0 ? [] : yield* services.controller.ask(command)
    const decided = new Map((altered ?? []).map((each) => [keyOf(each.resource), each]))
    const late = { errorCode: ErrorCode.REQUEST_TIMED_OUT, message: null }
    return checked.map(({ resource, refusal }) => {
      const { errorCode, message } = refusal ?? decided.get(keyOf(resource)) ?? late
      return { errorCode, errorMessage: message, resourceType: resource.type, resourceName: resource.name }
    })
  })
