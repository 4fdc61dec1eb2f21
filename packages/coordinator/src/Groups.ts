/**
 * The groups of a shard while one step changes them: lookups that know what a deletion under way means, and the earliest deadline
 * of what was put. Invariant: the table itself is a persistent value; only this cursor over it moves.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { emptyGroup, type Group, never, nextDeadline } from "./Group.ts"

/** A group with its next deadline, ms, so that looking for what is due reads one number a group. */
export interface Entry {
  readonly group: Group
  readonly wakeAt: number
}

export type GroupTable = HashMap.HashMap<string, Entry>

/** Whatever is kept under the id, a group whose deletion is under way included. */
export const groupOf = (table: GroupTable, groupId: string): Group | undefined =>
  Option.getOrUndefined(HashMap.get(table, groupId))?.group

export class Groups {
  table: GroupTable
  /** The earliest deadline among the groups put, ms. */
  wakeAt = never

  constructor(table: GroupTable) {
    this.table = table
  }

  /** The group, unless its deletion is decided. */
  live(groupId: string): Group | undefined {
    const group = groupOf(this.table, groupId)
    return group === undefined || group.isDeleted ? undefined : group
  }

  /** Whatever is kept under the id. */
  any(groupId: string): Group | undefined {
    return groupOf(this.table, groupId)
  }

  /** A new group; commits that wait to be deleted stay in sight until they are. */
  create(groupId: string, wallMs: number): Group {
    const former = this.any(groupId)
    const group = emptyGroup(groupId, wallMs)
    return former === undefined ? group : { ...group, offsets: former.offsets }
  }

  put(group: Group): void {
    const wakeAt = nextDeadline(group)
    this.wakeAt = Math.min(this.wakeAt, wakeAt)
    this.table = HashMap.set(this.table, group.groupId, { group, wakeAt })
  }

  remove(groupId: string): void {
    this.table = HashMap.remove(this.table, groupId)
  }

  all(): ReadonlyArray<Group> {
    return [...HashMap.values(this.table)].map(({ group }) => group)
  }
}
