import { Operation, ResourceType } from "@klamm/config/Alter"
import { defaultLogConfig, Log } from "@klamm/log"
import { Brokers, type Image, Snapshot, Topics } from "@klamm/metadata"
import { Disk } from "@klamm/platform"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import { MetadataLog, RaftNode, VoterSet } from "@klamm/raft"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, test } from "vitest"
import { ControllerNode, SnapshotGenerator } from "../src/index.ts"
import {
  alterConfigs,
  createPartitions,
  createTopics,
  deleteTopics,
  incremental,
  morePartitions,
  optionsOf,
  registration,
  topic
} from "./support.ts"

const directory = "/data/__cluster_metadata-0"
const never = { maxBytes: Number.POSITIVE_INFINITY, maxIntervalMs: 0 }
const onlyTheLatest = { maxBytes: 0, maxMs: -1 }

const startNode = (voters: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const log = yield* Log.open({
      directory,
      topic: MetadataLog.topicName,
      partition: MetadataLog.partition,
      topicId: MetadataLog.topicId,
      config: () => ({ ...defaultLogConfig, retentionMs: -1, segmentBytes: 4_000 }),
      cleanShutdown: false,
      recoveryPoint: 0,
      logStartOffset: 0,
      now: 0
    })
    return yield* ControllerNode.make({
      controller: optionsOf(),
      raft: {
        ...RaftNode.alone(1),
        voters: VoterSet.make(voters),
        log,
        onFatal: (cause) => Effect.logError("fatal", cause)
      }
    })
  })

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.yieldNow, until(condition))))

/** The same while seconds pass. */
const later = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    condition()
      ? Effect.void
      : TestClock.adjust(1_000).pipe(Effect.andThen(Effect.yieldNow), Effect.andThen(later(condition)))
  )

/** Started and leading, with the feature levels of a new cluster committed. */
const active = Effect.gen(function* () {
  const node = yield* startNode([1])
  yield* until(() => node.isActive() && node.image().features.size > 0)
  return node
})

const run = <A, E>(effect: Effect.Effect<A, E, Disk | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.andThen(makeDirectory, effect)).pipe(Effect.provide(DiskMemory.layerMemory)))

const makeDirectory = Effect.flatMap(Disk, (disk) => disk.makeDirectory(directory))

/** One life of a node: what it returns, after its end. */
const life = <A, E>(use: (node: ControllerNode.ControllerNode) => Effect.Effect<A, E, Disk | Scope.Scope>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const result = yield* Scope.provide(Effect.flatMap(active, use), scope)
    yield* Scope.close(scope, Exit.void)
    return result
  })

const names = (image: Image.Image): ReadonlyArray<string> => Topics.all(image.topics).map(({ name }) => name)

const epochOf = (node: ControllerNode.ControllerNode): number => Brokers.get(node.image().brokers, 1)?.epoch ?? -1

const heartbeat = (node: ControllerNode.ControllerNode, wantFence: boolean) =>
  ({
    _tag: "Heartbeat",
    brokerId: 1,
    brokerEpoch: epochOf(node),
    currentMetadataOffset: 1_000,
    wantFence,
    wantShutDown: false,
    offlineLogDirs: []
  }) as const

/** A broker in use, topics, a config, producer ids: something of everything an image holds. */
const fill = (node: ControllerNode.ControllerNode) =>
  Effect.gen(function* () {
    const registered = yield* node.submit(registration(1))
    // A broker's epoch is the offset of its registration in the log.
    const { offset } = node.image()
    expect(registered).toMatchObject({ _tag: "Done", reply: { errorCode: 0, brokerEpoch: offset }, offset })
    yield* node.submit(heartbeat(node, false))
    yield* node.submit(createTopics([topic("a", { numPartitions: 3 }), topic("b"), topic("gone")]))
    yield* node.submit(createPartitions([morePartitions("b", 4)]))
    yield* node.submit(deleteTopics({ name: "gone" }))
    yield* node.submit(alterConfigs([incremental(ResourceType.topic, "a", ["retention.ms", Operation.set, "5"])]))
    yield* node.submit({ _tag: "AllocateProducerIds", brokerId: 1, brokerEpoch: epochOf(node) })
    return node.image()
  })

describe("a controller on a disk", () => {
  test("a restart brings back the same image, and what is written then comes after it", () =>
    run(
      Effect.gen(function* () {
        const before = yield* life(fill)
        expect(names(before)).toEqual(["a", "b"])
        const after = yield* life((node) => Effect.succeed(node.image()))
        expect(Snapshot.toRecords(after)).toEqual(Snapshot.toRecords(before))
        expect(after.epoch).toBe(before.epoch + 1)
        expect(after.offset).toBeGreaterThan(before.offset)
        yield* life((node) =>
          Effect.gen(function* () {
            const again = yield* node.submit(createTopics([topic("a"), topic("c")]))
            expect(again).toMatchObject({ _tag: "Done", reply: [{ errorCode: 36 }, { errorCode: 0 }] })
            expect(names(node.image())).toEqual(["a", "b", "c"])
          })
        )
      })
    ))

  test("behaviour 186: a reply comes when its records are committed, and not before; every image is published once, in order", () =>
    run(
      life((node) =>
        Effect.gen(function* () {
          yield* fill(node)
          const order: Array<string> = []
          const offsets: Array<number> = []
          const stop = node.watch((image) => {
            offsets.push(image.offset)
            if (names(image).includes("new")) order.push("committed")
          })
          const end = node.raft.log.logEndOffset
          const reply = yield* Effect.tap(node.submit(createTopics([topic("new")])), () =>
            Effect.sync(() => {
              order.push("answered")
            })
          )
          expect(reply).toMatchObject({ _tag: "Done", reply: [{ name: "new", errorCode: 0 }] })
          expect(order).toEqual(["committed", "answered"])
          expect(offsets).toEqual([end + 1])
          stop()
          yield* node.submit(createTopics([topic("unwatched")]))
          expect(names(node.image())).toContain("unwatched")
          expect(offsets.length).toBe(1)
        })
      )
    ))

  test("what is refused or only validated leaves the log as it is", () =>
    run(
      life((node) =>
        Effect.gen(function* () {
          yield* fill(node)
          const end = node.raft.log.logEndOffset
          const refused = yield* node.submit(createTopics([topic("a")]))
          const validated = yield* node.submit(createTopics([topic("valid")], true))
          expect(refused).toMatchObject({ _tag: "Done", reply: [{ errorCode: 36 }] })
          expect(validated).toMatchObject({ _tag: "Done", reply: [{ errorCode: 0 }] })
          expect(node.raft.log.logEndOffset).toBe(end)
        })
      )
    ))

  test("commands submitted together are decided one after the other", () =>
    run(
      life((node) =>
        Effect.gen(function* () {
          yield* fill(node)
          const same = Array.from({ length: 20 }, () => node.submit(createTopics([topic("same")])))
          const answers = yield* Effect.all(same, { concurrency: "unbounded" })
          const codes = answers.map((answer) => (answer._tag === "Done" ? answer.reply[0]?.errorCode : answer._tag))
          expect(codes.sort((one, other) => Number(one) - Number(other))).toEqual([0, ...Array(19).fill(36)])
        })
      )
    ))

  test("a node that does not lead decides nothing", () =>
    run(
      Effect.gen(function* () {
        const node = yield* startNode([1, 2, 3])
        expect(node.isActive()).toBe(false)
        expect(yield* node.submit(createTopics([topic("t")]))).toEqual({ _tag: "NotActive" })
        expect(node.raft.log.logEndOffset).toBe(0)
      })
    ))
})

describe("snapshots of the metadata", () => {
  const last = { offset: 10, sizeBytes: 1_000, atMs: 50_000 }
  const settings = { maxBytes: 500, maxIntervalMs: 60_000 }

  test.each([
    ["enough bytes", 11, 1_500, 50_001, settings, true],
    ["a byte too few", 11, 1_499, 50_001, settings, false],
    ["enough time", 11, 1_000, 110_000, settings, true],
    ["a moment too early", 11, 1_000, 109_999, settings, false],
    ["nothing new, however long", 10, 9_000, 999_000, settings, false],
    ["no limit by time", 11, 1_499, 999_000, { ...settings, maxIntervalMs: 0 }, false]
  ])("%s: %s", (_, offset, sizeBytes, now, given, due) => {
    expect(SnapshotGenerator.isDue(last, offset, sizeBytes, now, given)).toBe(due)
  })

  test("one is stored when it is due, and takes the place of the one before; a restart from it has the same image", () =>
    run(
      Effect.gen(function* () {
        const before = yield* life((node) =>
          Effect.gen(function* () {
            yield* fill(node)
            for (let at = 0; at < 60; at++) yield* node.submit(createTopics([topic(`t${at}`, { numPartitions: 2 })]))
            expect(node.raft.log.logStartOffset).toBe(0)
            const fiber = yield* Effect.forkChild(
              SnapshotGenerator.run(node, () => ({ ...never, maxIntervalMs: 1_000, retention: onlyTheLatest }))
            )
            yield* later(() => node.raft.state().log.snapshot !== undefined)
            expect(node.raft.log.logStartOffset).toBe(0)
            yield* node.submit(createTopics([topic("between")]))
            // Leaders change last: a record that would be replayed twice, or not at all, shows in the epochs.
            yield* node.submit(heartbeat(node, true))
            yield* later(() => node.raft.log.logStartOffset > 0)
            yield* Fiber.interrupt(fiber)
            yield* node.submit(heartbeat(node, false))
            yield* node.submit(createTopics([topic("after")]))
            return node.image()
          })
        ).pipe(Effect.provide(TestClock.layer()))
        const disk = yield* Disk
        const files = (yield* disk.list(directory)).map((entry) => entry.name)
        expect(files.filter((name) => name.endsWith(".checkpoint")).length).toBe(1)
        expect(files).not.toContain("00000000000000000000.log")
        const after = yield* life((node) => Effect.succeed(node.image()))
        expect(names(after)).toContain("after")
        expect(Snapshot.toRecords(after)).toEqual(Snapshot.toRecords(before))
      })
    ))
})
