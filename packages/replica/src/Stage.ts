/**
 * How much of what a partition decided can be performed as "all writes as one, then the rest". Invariant: no write moves across a change
 * of what is written. Neighbour: `PartitionActor.ts`, which performs it.
 */
import type { Out } from "./Partition.ts"

export type Write = Extract<Out, { readonly _tag: "Write" }>

/** Up to the first write behind a change of what is written. */
export interface Stage {
  readonly writes: Array<Write>
  readonly others: Array<Out>
  /** Where the next one begins. */
  end: number
}

const changesWritten = ({ _tag }: Out): boolean =>
  _tag === "Replicate" || _tag === "TruncateTo" || _tag === "RestartAt" || _tag === "MoveLog"

export const stageFrom = (effects: ReadonlyArray<Out>, from: number): Stage => {
  const stage: Stage = { writes: [], others: [], end: from }
  let changed = false
  for (; stage.end < effects.length; stage.end++) {
    const effect = effects[stage.end]!
    if (effect._tag !== "Write") {
      changed ||= changesWritten(effect)
      stage.others.push(effect)
    } else if (changed) break
    else stage.writes.push(effect)
  }
  return stage
}
