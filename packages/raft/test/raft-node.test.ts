import { defaultLogConfig, Log } from "@klamm/log"
import * as Checkpoint from "@klamm/log/Checkpoint"
import { Disk } from "@klamm/platform"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, test } from "vitest"
import * as MetadataLog from "../src/MetadataLog.ts"
import * as QuorumStateFile from "../src/QuorumStateFile.ts"
import * as RaftNode from "../src/RaftNode.ts"
import * as VoterSet from "../src/VoterSet.ts"

const directory = "/data/__cluster_metadata-0"
const keepAll = { ...defaultLogConfig, retentionMs: -1, segmentBytes: 2_000 }

const batch = (value: string): Uint8Array =>
  RecordBatch.buildBatch([{ key: null, value: new TextEncoder().encode(value), headers: [], timestamp: 5 }])

/** What a listener was told, one word a thing. */
const startNode = (told: Array<string>) =>
  Effect.gen(function* () {
    const log = yield* Log.open({
      directory,
      topic: MetadataLog.topicName,
      partition: MetadataLog.partition,
      topicId: MetadataLog.topicId,
      config: () => keepAll,
      cleanShutdown: false,
      recoveryPoint: 0,
      logStartOffset: 0,
      now: 0
    })
    return yield* RaftNode.make({
      ...RaftNode.alone(1),
      log,
      listener: {
        snapshot: ({ endOffset, epoch, batches }) => told.push(`snapshot ${endOffset} ${epoch} ${batches.length}`),
        committed: ({ lastOffset, epoch, isControl }) =>
          told.push(`${isControl ? "control" : "data"} ${lastOffset} ${epoch}`),
        led: (epoch) => told.push(`led ${epoch}`),
        resigned: () => told.push("resigned"),
        newLeader: () => undefined
      },
      onFatal: (cause) => Effect.logError("fatal", cause)
    })
  })

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.yieldNow, until(condition))))

const run = <A, E>(effect: Effect.Effect<A, E, Disk | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect).pipe(Effect.provide(DiskMemory.layerMemory)))

/** The end offsets of the snapshots that are there. */
const checkpoints = Effect.flatMap(Disk, (disk) =>
  Effect.map(disk.list(directory), (entries) =>
    entries.flatMap(({ name }) => (/^0*(\d+)-\d+\.checkpoint$/.exec(name) ?? []).slice(1)).sort()
  )
)

const makeDirectory = Effect.flatMap(Disk, (disk) => disk.makeDirectory(directory))

describe("a raft node on a disk", () => {
  test("leads, commits, and tells it all again after a restart, under a higher epoch", () =>
    run(
      Effect.gen(function* () {
        yield* makeDirectory
        const first: Array<string> = []
        const life = yield* Scope.make()
        const node = yield* Scope.provide(startNode(first), life)
        yield* until(() => first.includes("led 1"))
        const answer = yield* node.append(batch("one"), 1, 1)
        expect(answer).toEqual({ _tag: "Appended", lastOffset: 1 })
        yield* until(() => first.includes("data 1 1"))
        expect(first).toEqual(["control 0 1", "led 1", "data 1 1"])
        yield* Scope.close(life, Exit.void)

        const second: Array<string> = []
        yield* startNode(second)
        yield* until(() => second.includes("led 2"))
        expect(second).toEqual(["control 0 1", "data 1 1", "control 2 2", "led 2"])
      })
    ))

  test("a snapshot takes the place of the log before it, once that is beyond the limits", () =>
    run(
      Effect.gen(function* () {
        yield* makeDirectory
        const first: Array<string> = []
        const life = yield* Scope.make()
        const node = yield* Scope.provide(startNode(first), life)
        yield* until(() => first.includes("led 1"))
        const appendUpTo = (last: number) =>
          Effect.gen(function* () {
            while (node.log.logEndOffset <= last) yield* node.append(batch("x".repeat(100)), 1, 1)
            yield* until(() => first.includes(`data ${last} 1`))
          })
        const storeAt = (endOffset: number, timestamp: number) =>
          node.storeSnapshot({ endOffset, epoch: 1, batches: [batch("all of it")] }, timestamp)
        const state = () => [
          node.log.logStartOffset,
          node.state().log.startOffset,
          node.state().log.snapshot?.endOffset
        ]
        const now = yield* Clock.currentTimeMillis
        for (const [at, ageMs] of [[21, 90_000] as const, [31, 50_000] as const, [41, 0] as const]) {
          yield* appendUpTo(at - 1)
          yield* storeAt(at, now - ageMs)
        }
        yield* node.retain({ maxBytes: -1, maxMs: -1 })
        yield* node.retain({ maxBytes: 1_000_000, maxMs: 100_000 })
        yield* until(() => node.state().log.snapshot?.endOffset === 41)
        expect(state()).toEqual([0, 0, 41])
        expect(yield* checkpoints).toEqual(["21", "31", "41"])

        yield* node.retain({ maxBytes: 1_000_000, maxMs: 60_000 })
        yield* until(() => node.state().log.startOffset > 0)
        expect(state()).toEqual([31, 31, 41])
        expect(yield* checkpoints).toEqual(["31", "41"])

        yield* node.retain({ maxBytes: 0, maxMs: -1 })
        yield* until(() => node.state().log.startOffset > 31)
        expect(state()).toEqual([41, 41, 41])
        yield* node.retain({ maxBytes: 0, maxMs: 0 })
        expect(yield* checkpoints).toEqual(["41"])

        yield* appendUpTo(41)
        yield* Scope.close(life, Exit.void)
        const second: Array<string> = []
        yield* startNode(second)
        yield* until(() => second.includes("led 2"))
        expect(second).toEqual(["snapshot 41 1 1", "data 41 1", "control 42 2", "led 2"])
      })
    ))

  test("quorum-state keeps that a directory is fresh, in a field that is there only then", () =>
    run(
      Effect.gen(function* () {
        yield* makeDirectory
        const disk = yield* Disk
        const election = { epoch: 7, votedFor: -1, votedDirectoryId: VoterSet.noDirectoryId, leaderId: 2 }
        const voters = { offset: -1, voters: VoterSet.make([1, 2, 3]), kraftVersion: 0 }
        for (const fresh of [true, false]) {
          const state = { election, fresh }
          yield* QuorumStateFile.write(disk, directory, state, voters, "c")
          expect(yield* QuorumStateFile.read(disk, directory)).toEqual(state)
          const text = new TextDecoder().decode(yield* Checkpoint.readIfPresent(disk, `${directory}/quorum-state`))
          expect("fresh" in JSON.parse(text)).toBe(fresh)
        }
      })
    ))

  test("refuses a snapshot without its end, and a quorum-state that is none", () =>
    run(
      Effect.gen(function* () {
        yield* makeDirectory
        const disk = yield* Disk
        const torn = `${directory}/00000000000000000003-0000000001.checkpoint`
        const write = (path: string, bytes: Uint8Array) =>
          Effect.scoped(Effect.flatMap(disk.open(path, "write"), (file) => file.write(0, [bytes])))
        yield* write(torn, batch("no header, no footer"))
        const snapshot = yield* Effect.flip(startNode([]))
        expect(String(snapshot.message)).toContain("checkpoint")
        yield* disk.remove(torn)
        yield* write(`${directory}/quorum-state`, new TextEncoder().encode("{}"))
        const state = yield* Effect.flip(startNode([]))
        expect(String(state.message)).toContain("quorum-state")
      })
    ))
})
