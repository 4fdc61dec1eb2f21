/**
 * The machine of one partition of __consumer_offsets: the groups kept there, what they write, and their deadlines. Requests change
 * the membership at once; what has to last is written first and takes effect, and is answered, once the append is known, or its time
 * is over.
 *
 * Invariants: at most one append is under way, and what is written meanwhile gathers for the next; writes settle in the order
 * they were decided; every command is answered exactly once. Neighbours: ShardActor.ts runs it, Commands.ts decides commands.
 */
import { type Machine, none } from "@klamm/actor/Machine"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch, type RecordInput } from "@klamm/protocol/RecordBatch"
import * as HashMap from "effect/HashMap"
import { type Command, decide, refuse } from "./Commands.ts"
import type { GroupSettings } from "./Contract.ts"
import { expire } from "./Expiry.ts"
import { type Group, never } from "./Group.ts"
import { Groups, type GroupTable } from "./Groups.ts"
import { type Gathered, gather, giveUp, inOrder, nextDeadline, type Pending, pendingOf } from "./Pending.ts"
import { lapse, prepareRebalance } from "./Rebalance.ts"
import { abandon, settle } from "./Settle.ts"
import type { Circumstances, Turn, Write } from "./Turn.ts"

/** What gathers for one append, in bytes of keys and values; a command larger than that is a batch of its own. */
export const gatherBytes = 512 * 1024

export interface ShardState {
  readonly phase: "Loading" | "Active" | "Resigned"
  readonly groups: GroupTable
  readonly appending: ReadonlyArray<Pending>
  readonly gathered: Gathered | null
  /** Not later than the next deadline of a group, ms. */
  readonly wakeAt: number
  /** When expired commits are looked for next, ms. */
  readonly expiryAt: number
  /** Not later than the next deadline of a write, ms. */
  readonly giveUpAt: number
}

export type ShardMessage =
  | Command
  | { readonly _tag: "Loaded"; readonly groups: ReadonlyArray<Group> }
  | { readonly _tag: "StartAppend" }
  | { readonly _tag: "Appended"; readonly errorCode: number }
  /** The partition is led elsewhere, or can't be read; `done` comes after all other answers. */
  | { readonly _tag: "Resign"; readonly done: (() => void) | null }
  /** The first message: starts the loading. */
  | { readonly _tag: "Load" }
  | { readonly _tag: "Wake" }

export type ShardOut =
  /** Reads the log, to be told as Loaded, or as Resign when it can't be read. */
  | { readonly _tag: "Load" }
  | { readonly _tag: "Answer"; readonly give: () => void }
  /** To be told as StartAppend once everything that came along has been decided. */
  | { readonly _tag: "Gather" }
  /** To be told as Appended. */
  | { readonly _tag: "Append"; readonly batch: Uint8Array }

type Step = readonly [ShardState, ReadonlyArray<ShardOut>]

export const loadingShard: ShardState = {
  phase: "Loading",
  groups: HashMap.empty(),
  appending: none,
  gathered: null,
  wakeAt: never,
  expiryAt: never,
  giveUpAt: never
}

/** Everything decided whose fate is open, in order. */
const pending = (state: ShardState): ReadonlyArray<Write> =>
  [...state.appending, ...inOrder(state.gathered)].map(({ write }) => write)

const newTurn = (at: Circumstances): Turn => ({ ...at, answers: [], writes: [] })

/** The state and effects after a turn that left the groups as `groups`. */
const finish = (state: ShardState, turn: Turn, groups: Groups): Step => {
  const added = pendingOf(turn)
  const gathered = gather(state.gathered, added)
  const isFirst = state.gathered === null && gathered !== null && state.appending.length === 0
  const outs: Array<ShardOut> = turn.answers.map((give) => ({ _tag: "Answer", give }))
  if (isFirst) outs.push({ _tag: "Gather" })
  const wakeAt = Math.min(state.wakeAt, groups.wakeAt)
  const giveUpAt = Math.min(state.giveUpAt, nextDeadline(added))
  return [{ ...state, groups: groups.table, gathered, wakeAt, giveUpAt }, outs]
}

const bytesOf = (records: ReadonlyArray<RecordInput>): number =>
  records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)

/** As many writes as make one batch; at least one. */
const nextAppend = (writes: ReadonlyArray<Pending>): number => {
  let bytes = 0
  for (const [index, { write }] of writes.entries()) {
    bytes += bytesOf(write.records)
    if (bytes > gatherBytes && index > 0) return index
  }
  return writes.length
}

const startAppend = (state: ShardState, at: Circumstances): Step => {
  if (state.phase !== "Active" || state.appending.length > 0 || state.gathered === null) return [state, none]
  const writes = inOrder(state.gathered)
  const count = nextAppend(writes)
  const appending = writes.slice(0, count)
  const next = { ...state, appending, gathered: gather(null, writes.slice(count)) }
  const records = appending.flatMap(({ write }) => write.records)
  if (records.length === 0) return appended(next, at, ErrorCode.NONE)
  return [next, [{ _tag: "Append", batch: buildBatch(records) }]]
}

const appended = (state: ShardState, at: Circumstances, errorCode: number): Step => {
  if (state.phase !== "Active") return [state, none]
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  for (const { write } of state.appending) settle(turn, groups, write, errorCode)
  const [settled, outs] = finish({ ...state, appending: none }, turn, groups)
  const [started, more] = startAppend(settled, at)
  return [started, [...outs.filter(({ _tag }) => _tag !== "Gather"), ...more]]
}

const loaded = (state: ShardState, at: Circumstances, loadedGroups: ReadonlyArray<Group>): Step => {
  if (state.phase !== "Loading") return [state, none]
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  for (const group of loadedGroups) {
    const isOverfull = group.members.size > at.settings.maxSize
    groups.put(isOverfull ? prepareRebalance(turn, group) : group)
  }
  const expiryAt = at.now + at.settings.offsetsRetentionCheckIntervalMs
  return finish({ ...state, phase: "Active", expiryAt }, turn, groups)
}

/** Members and rebalances whose time is over. */
const lapseDue = (state: ShardState, at: Circumstances): Step => {
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  let wakeAt = never
  for (const entry of HashMap.values(state.groups)) {
    if (entry.wakeAt <= at.now) groups.put(lapse(turn, entry.group))
    else wakeAt = Math.min(wakeAt, entry.wakeAt)
  }
  return finish({ ...state, wakeAt }, turn, groups)
}

const expireDue = (state: ShardState, at: Circumstances): Step => {
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  expire(turn, groups, pending(state))
  return finish({ ...state, expiryAt: at.now + at.settings.offsetsRetentionCheckIntervalMs }, turn, groups)
}

const giveUpDue = (state: ShardState, at: Circumstances): Step => {
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  const { appending, gathered } = giveUp(turn, groups, state.appending, inOrder(state.gathered))
  const giveUpAt = nextDeadline([...appending, ...gathered])
  return finish({ ...state, appending, gathered: gather(null, gathered), giveUpAt }, turn, groups)
}

const wake = (state: ShardState, at: Circumstances): Step => {
  if (state.phase !== "Active") return [state, none]
  let next = state
  const outs: Array<ShardOut> = []
  const run = (due: (state: ShardState, at: Circumstances) => Step): void => {
    const [changed, out] = due(next, at)
    next = changed
    outs.push(...out)
  }
  if (next.giveUpAt <= at.now) run(giveUpDue)
  if (next.wakeAt <= at.now) run(lapseDue)
  if (next.expiryAt <= at.now) run(expireDue)
  return [next, outs]
}

/** Everyone who waits is sent to the next coordinator. */
const resign = (state: ShardState, at: Circumstances, done: (() => void) | null): Step => {
  const turn = newTurn(at)
  for (const write of pending(state)) turn.answers.push(() => write.done?.(ErrorCode.NOT_LEADER_OR_FOLLOWER))
  for (const { group } of HashMap.values(state.groups)) abandon(turn, group, ErrorCode.NOT_COORDINATOR)
  if (done !== null) turn.answers.push(done)
  const answers: ReadonlyArray<ShardOut> = turn.answers.map((give) => ({ _tag: "Answer", give }))
  return [{ ...loadingShard, phase: "Resigned" }, answers]
}

const command = (state: ShardState, at: Circumstances, asked: Command): Step => {
  if (state.phase !== "Active") {
    const isLoading = state.phase === "Loading"
    const errorCode = isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR
    return [state, [{ _tag: "Answer", give: () => refuse(asked, errorCode) }]]
  }
  const turn = newTurn(at)
  const groups = new Groups(state.groups)
  decide(turn, groups, asked, () => pending(state))
  return finish(state, turn, groups)
}

/**
 * `settings` is asked in every step, so that a change takes effect at once. So is `wallMs`: the machine's time is monotonic, and what it
 * stores must mean something elsewhere.
 */
export const shardMachine = (
  settings: () => GroupSettings,
  wallMs: () => number
): Machine<ShardState, ShardMessage, ShardOut> => ({
  wakeAt: (state) => Math.min(state.wakeAt, state.expiryAt, state.giveUpAt),
  step: (state, message, now) => {
    const at: Circumstances = { settings: settings(), now, wallMs: wallMs() }
    switch (message._tag) {
      case "Loaded":
        return loaded(state, at, message.groups)
      case "StartAppend":
        return startAppend(state, at)
      case "Appended":
        return appended(state, at, message.errorCode)
      case "Resign":
        return resign(state, at, message.done)
      case "Load":
        return [state, [{ _tag: "Load" }]]
      case "Wake":
        return wake(state, at)
      default:
        return command(state, at, message)
    }
  }
})
