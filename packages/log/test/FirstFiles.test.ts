/** A log that nothing was written to, and how it comes to its files. */
import { Disk } from "@klamm/platform"
import { makeMemoryDisk } from "@klamm/platform/DiskMemory"
import { nothingSurvives } from "@klamm/platform/MemoryFiles"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Log } from "../src/Log.ts"
import { LogDirectory } from "../src/LogDirectory.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { batch, config, entriesOf, topicId } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"
import { chance } from "./support/random.ts"

const otherId = "AAAAAAAAAAAAAAAAAAAAAQ"
const identity = {
  path: "/data",
  clusterId: "JIDeFB73Q1eQyEBScflNiw",
  nodeId: 1,
  newDirectoryId: "2e01uNRYlv8dX5Ac27rOYw",
  recoveryThreads: 2
}
const rules = () => config()

const inDirectory = <A, E>(
  disk: FakeDisk,
  use: (directory: LogDirectory) => Effect.Effect<A, E, Disk | Scope.Scope>
): Promise<A> => {
  return Effect.runPromise(
    Effect.scoped(Effect.flatMap(LogDirectory.open(identity), use)).pipe(
      Effect.provideService(Disk, disk.service),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
}

const create = (directory: LogDirectory) => directory.create("a", 0, topicId, rules, 0)
const append = (log: Log, offset: number) =>
  log.append(entriesOf([batch({ baseOffset: offset, partitionLeaderEpoch: 3 })]).entries, 0)

const filesOf = (disk: FakeDisk) =>
  [...disk.files.keys()].filter((path) => path.startsWith("/data/a-0/")).map((path) => path.slice("/data/a-0/".length))

const loadFirst = (directory: LogDirectory, id: string) =>
  Effect.flatMap(directory.find(0), (found) => directory.load(found[0]!, id, rules, 0))

describe("a log that nothing was written to", () => {
  it("is a directory, whatever is asked of it, also when it is opened again", async () => {
    const disk = new FakeDisk()
    const used = (log: Log, directory: LogDirectory) =>
      Effect.gen(function* () {
        log.startEpoch(3, 0)
        expect(yield* log.flush).toBe(0)
        expect(yield* log.deleteOldSegments(1e15, 0)).toBe(0)
        expect(log.sizeBytes).toBe(0)
        yield* log.close(ProducerState.empty)
        yield* directory.checkpoints.write([{ log, highWatermark: 0 }])
      })
    await inDirectory(disk, (directory) => Effect.flatMap(create(directory), (log) => used(log, directory)))
    expect(disk.directories.has("/data/a-0")).toBe(true)
    expect(filesOf(disk)).toEqual([])
    disk.powerLoss()
    await inDirectory(disk, (directory) => Effect.flatMap(loadFirst(directory, topicId), (log) => used(log, directory)))
    expect(filesOf(disk)).toEqual([])
  })

  it("has all its files with the first batch, and they are its topic's", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) => Effect.flatMap(create(directory), (log) => append(log, 0)))
    const names = ["00000000000000000000.index", "00000000000000000000.log", "00000000000000000000.timeindex"]
    expect(filesOf(disk).sort()).toEqual([...names, "leader-epoch-checkpoint", "partition.metadata"])
    const refused = await inDirectory(disk, (directory) => Effect.result(loadFirst(directory, otherId)))
    expect(Result.isFailure(refused)).toBe(true)
  })

  it("can begin elsewhere than at 0", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const log = yield* create(directory)
        yield* log.truncateFullyAndStartAt(40, 0)
        yield* append(log, 40)
        yield* log.flush
        yield* directory.checkpoints.write([{ log, highWatermark: 0 }])
      })
    )
    disk.powerLoss()
    const log = await inDirectory(disk, (directory) => loadFirst(directory, topicId))
    expect([log.logStartOffset, log.logEndOffset]).toEqual([40, 41])
  })
})

describe("a crash while the first files are made", () => {
  /** Everything fails from operation `at` on; answers what had been flushed, or undefined when all had been done. */
  const interrupted = (disk: FakeDisk, at: number) =>
    inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        let operations = 0
        let flushed = 0
        const log = yield* create(directory)
        disk.fault = () => (operations++ >= at ? "Io" : undefined)
        const story = Effect.gen(function* () {
          yield* append(log, 0)
          flushed = yield* log.flush
          yield* append(log, 1)
          flushed = yield* log.flush
        })
        const outcome = yield* Effect.result(story)
        return { flushed, isDone: Result.isSuccess(outcome) }
      })
    )

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "loses nothing that was flushed, and gives no batch to another topic (%d)",
    async (seed) => {
      const random = chance(seed)
      let isDone = false
      for (let at = 0; !isDone; at++) {
        const disk = new FakeDisk()
        const story = await interrupted(disk, at)
        isDone = story.isDone
        disk.fault = () => undefined
        if (seed === 0) disk.powerLoss()
        else disk.tornPowerLoss(random.next)
        const asOther = await inDirectory(disk, (directory) =>
          Effect.map(Effect.result(loadFirst(directory, otherId)), (loaded) =>
            Result.isSuccess(loaded) ? loaded.success.logEndOffset : undefined
          )
        )
        if (asOther !== undefined) {
          expect([asOther, story.flushed]).toEqual([0, 0])
          continue
        }
        const end = await inDirectory(disk, (directory) =>
          Effect.map(loadFirst(directory, topicId), ({ logEndOffset }) => logEndOffset)
        )
        expect(end).toBeGreaterThanOrEqual(story.flushed)
      }
      expect(isDone).toBe(true)
    }
  )
})

describe("the directory of a new log", () => {
  const living = () => {
    const memory = makeMemoryDisk()
    const life = <A, E>(use: (directory: LogDirectory) => Effect.Effect<A, E, Disk | Scope.Scope>) =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const directory = yield* LogDirectory.open(identity)
            yield* memory.disk.syncDirectory("/")
            return yield* use(directory)
          })
        ).pipe(Effect.provideService(Disk, memory.disk), Effect.provideService(References.MinimumLogLevel, "None"))
      )
    return { memory, life }
  }
  const found = (directory: LogDirectory) =>
    Effect.map(loadFirst(directory, topicId), (log) => [log.topic, log.logEndOffset])

  it("is durable with what was flushed in it", async () => {
    const { memory, life } = living()
    await life((directory) =>
      Effect.gen(function* () {
        const log = yield* create(directory)
        yield* directory.create("b", 0, otherId, rules, 0)
        yield* append(log, 0)
        yield* log.flush
      })
    )
    memory.losePower(nothingSurvives)
    expect(await life(found)).toEqual(["a", 1])
  })

  it.each([0, 40])(
    "is durable with it when a process has died in between, and the checkpoints have an offset of %d",
    async (offset) => {
      const { memory, life } = living()
      await life((directory) => Effect.asVoid(create(directory)))
      memory.crash()
      memory.files.create("/data/recovery-point-offset-checkpoint", false)
      const said = new TextEncoder().encode(`0\n1\na 0 ${offset}\n`)
      memory.files.file("/data/recovery-point-offset-checkpoint").write(0, said)
      await life((directory) =>
        Effect.gen(function* () {
          const log = yield* loadFirst(directory, topicId)
          yield* append(log, 0)
          yield* log.flush
        })
      )
      memory.losePower(nothingSurvives)
      expect(await life(found)).toEqual(["a", 1])
    }
  )
})
