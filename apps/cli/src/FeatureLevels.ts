/**
 * The levels that `--feature` asks for a new cluster. Invariant: a level is taken only if a new cluster has it anyway: what is not
 * asked for cannot be stored yet, so anything else is refused. Neighbour: packages/controller/src/Features.ts.
 */
import * as Features from "@klamm/controller/Features"

const levelOfNew = (name: string): number =>
  Features.bootstrap.reduce(
    (level, record) => (record._tag === "FeatureLevel" && record.name === name ? record.featureLevel : level),
    0
  )

const problemOf = (text: string, dynamicQuorum: boolean): string | undefined => {
  const split = text.indexOf("=")
  if (split === -1) return `Can't parse feature=level string ${text}: equals sign not found.`
  const name = text.slice(0, split).trim()
  const level = text.slice(split + 1).trim()
  if (!/^[0-9]{1,5}$/.test(level)) {
    return `Can't parse feature=level string ${text}: unable to parse ${level} as a short.`
  }
  const feature = Features.supported.find((one) => one.name === name)
  if (feature === undefined) {
    const names = Features.supported.map((one) => one.name).sort()
    return `Unsupported feature: ${name}. Supported features are: ${names.join(", ")}`
  }
  if (name === "kraft.version" && Number(level) === 0 && dynamicQuorum) {
    return (
      "Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags --standalone, --initial-controllers, " +
      "or --no-initial-controllers is used. For dynamic controllers support, try removing the --feature flag for kraft.version."
    )
  }
  const only = name === "kraft.version" ? Number(dynamicQuorum) : levelOfNew(name)
  return Number(level) === only
    ? undefined
    : `A new cluster begins with ${name} ${only}; it cannot begin with ${level}.`
}

/** What is wrong with the levels asked for; undefined when nothing is. */
export const featureProblem = (features: ReadonlyArray<string>, dynamicQuorum: boolean): string | undefined => {
  for (const text of features) {
    const problem = problemOf(text, dynamicQuorum)
    if (problem !== undefined) return problem
  }
  return undefined
}
