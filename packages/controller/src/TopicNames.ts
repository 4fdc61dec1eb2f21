/**
 * What a topic may be called (behaviours 027, 028; Kafka's Topic.validate). Two names that differ only in "." and "_" collide,
 * because metrics write both alike.
 */
import { Topics } from "@klamm/metadata"

const maxLength = 249
const legal = /^[a-zA-Z0-9._-]+$/

/** Why the name is not legal, or undefined. */
export const illegal = (name: string): string | undefined => {
  if (name === "") return "Topic name is invalid: the empty string is not allowed"
  if (name === ".") return "Topic name is invalid: '.' is not allowed"
  if (name === "..") return "Topic name is invalid: '..' is not allowed"
  if (name.length > maxLength)
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${maxLength}`
  if (!legal.test(name)) {
    return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return undefined
}

const unified = (name: string): string => name.replaceAll(".", "_")

/** Finds an existing topic that a name collides with. The topics are gone through at the first name that could, and once. */
export const collisions = (topics: Topics.Topics): ((name: string) => string | undefined) => {
  let byUnified: Map<string, ReadonlyArray<string>> | undefined
  return (name) => {
    if (!name.includes(".") && !name.includes("_")) return undefined
    byUnified ??= Map.groupBy(
      Topics.all(topics).map((topic) => topic.name),
      unified
    )
    return byUnified.get(unified(name))?.find((other) => other !== name)
  }
}
