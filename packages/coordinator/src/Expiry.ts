/**
 * What is removed without being asked for: commits past their retention, groups that have nothing left (KIP-211), and commits of
 * topics that are no more.
 */
import type { Group, Offsets as GroupOffsets } from "./Group.ts"
import { groupTombstone, offsetRecord } from "./GroupRecords.ts"
import type { Groups } from "./Groups.ts"
import * as Offsets from "./Offsets.ts"
import type { OffsetChange, Turn, Write } from "./Turn.ts"

/** Writes the tombstones of the group and of `changes`, its last commits; until that is done the group counts as gone. */
export const deleteGroup = (
  turn: Turn,
  groups: Groups,
  group: Group,
  changes: ReadonlyArray<OffsetChange>,
  done: Write["done"]
): void => {
  const offsets = changes.map((change) => offsetRecord(group.groupId, change, turn.wallMs))
  turn.writes.push({
    groupId: group.groupId,
    records: [...offsets, groupTombstone(group.groupId, turn.wallMs)],
    settlement: { _tag: "Deleted", former: group, changes },
    done
  })
  groups.put({ ...group, isDeleted: true })
}

const countOf = (offsets: GroupOffsets): number =>
  [...offsets.values()].reduce((sum, partitions) => sum + partitions.size, 0)

/** Behaviour 135. A group with writes under way is in use and waits for the next round. */
export const expire = (turn: Turn, groups: Groups, pending: ReadonlyArray<Write>): void => {
  const busy = new Set([...pending, ...turn.writes].map(({ groupId }) => groupId))
  for (const group of groups.all()) {
    if (group.isDeleted || busy.has(group.groupId)) continue
    const changes = Offsets.expired(group, turn.wallMs, turn.settings.offsetsRetentionMs)
    const isBare = changes.length === countOf(group.offsets)
    if (isBare && group.state === "Empty") deleteGroup(turn, groups, group, changes, null)
    else Offsets.deleteQuietly(turn, group.groupId, changes)
  }
}

/** Removes the commits of deleted topics, those under way included. */
export const removeTopics = (
  turn: Turn,
  groups: Groups,
  names: ReadonlyArray<string>,
  pending: ReadonlyArray<Write>
) => {
  const gone = new Set(names)
  for (const group of groups.all()) {
    const known = Offsets.known(group, pending)
    Offsets.deleteQuietly(
      turn,
      group.groupId,
      Offsets.deletionsOf(known, (topic) => gone.has(topic))
    )
  }
}
