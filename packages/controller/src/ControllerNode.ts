/**
 * The controller's actor, on top of a raft node: decides while this node leads the quorum, and publishes the committed image to
 * whoever follows it on this node.
 *
 * Invariants: an image is published once per committed batch, in order; a reply is given only after its records are committed; a
 * decision goes to the metadata log as one batch, so it commits whole or not at all. What moves the partitions of a broker may be more
 * than a batch takes: it is cut into several, and each of them leaves the cluster in order.
 */
import {
  type Actor,
  type Answered,
  type DeciderMessage,
  type DeciderOut,
  type DeciderState,
  deciderMachine,
  Reply,
  spawn,
  standby
} from "@klamm/actor"
import { decodeBatch, encodeBatch, Image, type MetadataRecord, replayAll } from "@klamm/metadata"
import { hasBug } from "@klamm/platform/Bugs"
import { assert } from "@klamm/platform/Invariant"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { type MetadataLog, RaftNode, type Snapshot } from "@klamm/raft"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { batches } from "./Bounded.ts"
import { type Command, type ControllerOptions, controller, type Replies, type TaggedReply } from "./Controller.ts"
import * as Epochs from "./Epochs.ts"
import { type ControllerState, initial } from "./State.ts"
import * as Uncommitted from "./Uncommitted.ts"

/** Commands and commits that may wait for the controller. */
export const controllerMailboxCapacity = 65_536

/** Decisions whose commit is awaited at a time; a command above it is answered busy. */
export const maxParkedReplies = 10_000

type Mail = DeciderMessage<ControllerState, Command, MetadataRecord, TaggedReply>
type Out = DeciderOut<ControllerState, MetadataRecord, TaggedReply>
type State = DeciderState<ControllerState, TaggedReply>

export interface ControllerNodeOptions {
  readonly controller: ControllerOptions
  readonly raft: Omit<RaftNode.RaftNodeOptions, "listener">
}

export interface ControllerNode {
  /** Decided by this node; "NotActive" when another one leads, or none. */
  readonly submit: <C extends Command>(command: C) => Effect.Effect<Answered<Replies[C["_tag"]]>>
  readonly isActive: () => boolean
  /** The committed image, with the offset it stands for. */
  readonly image: () => Image.Image
  /** Called with each newly committed image, in order, until the answer is called. */
  readonly watch: (watcher: (image: Image.Image) => void) => () => void
  /** Called whenever this node begins or ceases to decide, until the answer is called. */
  readonly watchActive: (watcher: (active: boolean) => void) => () => void
  readonly raft: RaftNode.RaftNode
}

/** What the performer knows beside the machine. */
interface Hand {
  readonly clock: Clock.Clock
  readonly watchers: Set<(image: Image.Image) => void>
  readonly activeWatchers: Set<(active: boolean) => void>
  raft: RaftNode.RaftNode | undefined
  epochs: Epochs.Epochs
  image: Image.Image
  uncommitted: Uncommitted.Uncommitted
}

/** What the last offset of a decision without records is told as. */
const noOffset = -1

/** Appends the records, batch after batch: the last offset, or undefined once this node does not lead in that epoch. */
const appendAll = (hand: Hand, raft: RaftNode.RaftNode, records: ReadonlyArray<MetadataRecord>, epoch: number) =>
  Effect.gen(function* () {
    let lastOffset = noOffset
    for (const batch of batches(records)) {
      const bytes = encodeBatch(batch, hand.clock.currentTimeMillisUnsafe())
      const answer = yield* raft.append(bytes, batch.length, epoch)
      if (answer._tag === "NotLeader") return undefined
      lastOffset = answer.lastOffset
      hand.uncommitted = Uncommitted.appended(hand.uncommitted, { epoch, lastOffset, records: batch })
    }
    return lastOffset
  })

const append = (hand: Hand, effect: Extract<Out, { readonly _tag: "Append" }>): Effect.Effect<Mail> => {
  const { epoch, records, reply, complete } = effect
  const count = records.length
  assert(hand.raft !== undefined, "only a started raft node leads")
  return Effect.map(
    appendAll(hand, hand.raft, records, epoch),
    (lastOffset): Mail =>
      lastOffset === undefined
        ? { _tag: "AppendRefused", epoch, complete }
        : { _tag: "Appended", epoch, lastOffset, count, reply, complete }
  )
}

const publish = (hand: Hand, state: ControllerState, offset: number): void => {
  hand.image = { ...state.image, offset, epoch: Epochs.at(hand.epochs, offset) }
  for (const watcher of hand.watchers) watcher(hand.image)
}

const perform = (hand: Hand, effects: ReadonlyArray<Out>) =>
  Effect.gen(function* () {
    const messages: Array<Mail> = []
    for (const effect of effects) {
      if (effect._tag === "Answer") effect.complete(effect.answer)
      else if (effect._tag === "Publish") publish(hand, effect.state, effect.offset)
      else messages.push(yield* append(hand, effect))
    }
    return messages
  })

/** The image that a snapshot's batches make. */
const imageOf = ({ batches, endOffset, epoch }: Snapshot): Image.Image =>
  replayAll(Image.empty, batches.flatMap(decodeBatch), endOffset - 1, epoch)

/** The records of a batch that is committed: those that were appended here, or what its bytes say. */
const recordsOf = (
  hand: Hand,
  { bytes, lastOffset, epoch, isControl }: MetadataLog.CommittedBatch
): ReadonlyArray<MetadataRecord> => {
  const [own, left] = Uncommitted.committed(hand.uncommitted, epoch, lastOffset)
  hand.uncommitted = left
  return isControl ? [] : (own ?? decodeBatch(bytes))
}

/** What raft tells becomes messages; a message that does not fit would be a lost commit. */
const listener = (hand: Hand, actor: Actor<State, Mail>): RaftNode.RaftListener => {
  const tell = (message: Mail): void => assert(actor.tell(message), "the controller takes what is committed")
  return {
    snapshot: (snapshot) => {
      const offset = snapshot.endOffset - 1
      hand.epochs = Epochs.note(hand.epochs, snapshot.epoch, offset)
      tell({ _tag: "Loaded", state: { ...initial, image: imageOf(snapshot) }, offset })
    },
    committed: (batch) => {
      const { lastOffset, epoch } = batch
      hand.epochs = Epochs.note(hand.epochs, epoch, lastOffset)
      tell({ _tag: "Committed", offset: lastOffset, records: recordsOf(hand, batch) })
    },
    led: (epoch) => {
      tell({ _tag: "Led", epoch })
      tell({ _tag: "Submit", command: { _tag: "Bootstrap" }, complete: () => undefined })
      for (const watcher of hand.activeWatchers) watcher(true)
    },
    resigned: () => {
      hand.uncommitted = Uncommitted.resigned(hand.uncommitted)
      tell({ _tag: "Resigned" })
      for (const watcher of hand.activeWatchers) watcher(false)
    },
    newLeader: () => undefined
  }
}

const makeSubmit =
  (actor: Actor<State, Mail>) =>
  <C extends Command>(command: C): Effect.Effect<Answered<Replies[C["_tag"]]>> =>
    Effect.suspend(() => {
      const reply = new Reply<Answered<Replies[C["_tag"]]>>()
      const complete = (answer: Answered<TaggedReply>): void => {
        if (answer._tag === "Done") {
          const { _tag, value } = answer.reply
          assert(_tag === command._tag, "a command gets its own reply")
          reply.complete({ ...answer, reply: value as Replies[C["_tag"]] })
        } else reply.complete(answer)
      }
      const told = actor.tell({ _tag: "Submit", command, complete })
      return told ? reply.await : Effect.succeed<Answered<Replies[C["_tag"]]>>({ _tag: "Busy" })
    })

const subscribe = <W>(watchers: Set<W>, watcher: W) => {
  watchers.add(watcher)
  return () => {
    watchers.delete(watcher)
  }
}

/** Starts the raft node and the controller on top of it, until the scope ends. */
export const make = (options: ControllerNodeOptions) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const hand: Hand = {
      clock,
      watchers: new Set(),
      activeWatchers: new Set(),
      raft: undefined,
      epochs: Epochs.none,
      image: Image.empty,
      uncommitted: Uncommitted.none
    }
    const actor = yield* spawn<State, Mail, Out, never>({
      machine: deciderMachine(controller(options.controller), maxParkedReplies),
      initial: standby(initial),
      // Sessions must neither end nor go on because the wall clock was set.
      timeOf: hasBug("sessions-by-the-wall-clock") ? (wall) => wall.currentTimeMillisUnsafe() : monotonicMsOf,
      mailboxCapacity: controllerMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: () => false,
      perform: (effects) => perform(hand, effects),
      performSlow: () => Effect.die("the controller has no slow effects"),
      onDefect: options.raft.onFatal
    })
    const raft = yield* RaftNode.make({ ...options.raft, listener: listener(hand, actor) })
    hand.raft = raft
    const node: ControllerNode = {
      submit: makeSubmit(actor),
      isActive: () => actor.state().active,
      image: () => hand.image,
      watch: (watcher) => subscribe(hand.watchers, watcher),
      watchActive: (watcher) => subscribe(hand.activeWatchers, watcher),
      raft
    }
    return node
  })
