import { Disk } from "@klamm/platform"
import { makeMemoryDisk } from "@klamm/platform/DiskMemory"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Log } from "../src/Log.ts"
import { LogDirectory, type LogDirectoryOptions } from "../src/LogDirectory.ts"
import * as Names from "../src/LogDirectoryNames.ts"
import * as Meta from "../src/MetaProperties.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { batch, config, entriesOf, topicId } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

const clusterId = "JIDeFB73Q1eQyEBScflNiw"
const newDirectoryId = "2e01uNRYlv8dX5Ac27rOYw"
const otherId = "AAAAAAAAAAAAAAAAAAAAAQ"

const at = (changes: Partial<LogDirectoryOptions> = {}): LogDirectoryOptions => ({
  path: "/data",
  clusterId,
  nodeId: 1,
  newDirectoryId,
  recoveryThreads: 2,
  ...changes
})

const inDirectory = <A, E>(
  disk: FakeDisk,
  use: (directory: LogDirectory) => Effect.Effect<A, E, Disk | Scope.Scope>,
  changes: Partial<LogDirectoryOptions> = {}
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(LogDirectory.open(at(changes)), use)).pipe(
      Effect.provideService(Disk, disk.service),
      Effect.provideService(References.MinimumLogLevel, "Error")
    )
  )

const text = (disk: FakeDisk, name: string) => new TextDecoder().decode(disk.bytes(`/data/${name}`))
const bytes = (content: string) => new TextEncoder().encode(content)
const rules = () => config()

const written = (directory: LogDirectory, topic: string, count: number) =>
  Effect.gen(function* () {
    const log = yield* directory.create(topic, 0, topicId, rules, 0)
    yield* log.append(entriesOf(Array.from({ length: count }, (_, index) => batch({ baseOffset: index }))).entries, 0)
    return log
  })

/** Everything has gone on as far as it can without time. */
const settled = Effect.forEach(Array.from({ length: 50 }), () => Effect.yieldNow, { discard: true })

const reopened = (disk: FakeDisk) =>
  inDirectory(disk, (directory) =>
    Effect.gen(function* () {
      const found = yield* directory.find(0)
      const logs: Array<Log> = []
      for (const one of found) logs.push(yield* directory.load(one, topicId, rules, 0))
      return {
        clean: directory.cleanShutdown,
        epoch: directory.previousBrokerEpoch,
        logs: logs.map((log) => [log.topic, log.partition, log.logStartOffset, log.logEndOffset, log.recoveryPoint]),
        highWatermarks: found.map(({ topic, partition }) => directory.checkpoints.highWatermark({ topic, partition }))
      }
    })
  )

describe("meta.properties", () => {
  it("is made for a new directory in Kafka's words, and read back", async () => {
    const disk = new FakeDisk()
    expect(await inDirectory(disk, (directory) => Effect.succeed(directory.directoryId))).toBe(newDirectoryId)
    expect(text(disk, "meta.properties")).toBe(
      `#\nnode.id=1\ndirectory.id=${newDirectoryId}\nversion=1\ncluster.id=${clusterId}\n`
    )
    const again = await inDirectory(disk, (one) => Effect.succeed(one.directoryId), { newDirectoryId: otherId })
    expect(again).toBe(newDirectoryId)
  })

  it("outlives a power cut together with the directory and its parents, which are as new as it is", async () => {
    const { disk, losePower } = makeMemoryDisk()
    const openAt = (path: string) =>
      Effect.runPromise(
        Effect.scoped(Effect.map(LogDirectory.open(at({ path })), ({ directoryId }) => directoryId)).pipe(
          Effect.provideService(Disk, disk)
        )
      )
    for (const path of ["/srv/klamm/data", "./data"]) {
      expect(await openAt(path)).toBe(newDirectoryId)
      losePower()
      expect(await Effect.runPromise(disk.exists(`${path}/meta.properties`))).toBe(true)
    }
  })

  it("is read as Kafka wrote it", () => {
    const file = `#\n#Sat Nov 21 04:14:35 UTC 2026\nnode.id=1\ndirectory.id=${newDirectoryId}\nversion=1\ncluster.id=${clusterId}\n`
    expect(Meta.decode(bytes(file))).toEqual({ clusterId, nodeId: 1, directoryId: newDirectoryId })
    expect(Meta.decode(bytes(`version = 1\ncluster.id: a\\:b\\=c\nnode.id=7\r\ndirectory.id=x\n`))).toEqual({
      clusterId: "a:b=c",
      nodeId: 7,
      directoryId: "x"
    })
    const odd = { clusterId: "a:b=c#d!e\\f", nodeId: 0, directoryId: "x" }
    expect(Meta.decode(Meta.encode(odd))).toEqual(odd)
  })

  it.each([
    ["WrongClusterId", { clusterId: "another" }],
    ["WrongNodeId", { nodeId: 2 }]
  ] as const)("refuses a directory with %s", async (reason, changes) => {
    const disk = new FakeDisk()
    await inDirectory(disk, () => Effect.void)
    await expect(inDirectory(disk, () => Effect.void, changes)).rejects.toMatchObject({
      _tag: "LogDirectoryRefused",
      reason
    })
  })

  it.each([
    "",
    "version=0\nnode.id=1\n",
    "version=1\nnode.id=x\ncluster.id=a\ndirectory.id=b\n",
    "version=1\nnode.id=1\n"
  ])("refuses the malformed %j", async (content) => {
    const disk = new FakeDisk()
    disk.put("/data/meta.properties", bytes(content))
    await expect(inDirectory(disk, () => Effect.void)).rejects.toMatchObject({ reason: "Malformed" })
  })

  it("refuses two directories with one id", () => {
    const meta = { clusterId, nodeId: 1, directoryId: newDirectoryId }
    const both = ["/a", "/b"].map((directory) => ({ directory, meta }))
    expect(Meta.refusal(both, { clusterId, nodeId: 1 })).toMatchObject({
      directory: "/b",
      reason: "DuplicateDirectoryId"
    })
    expect(Meta.refusal(both.slice(0, 1), { clusterId, nodeId: 1 })).toBeUndefined()
  })
})

describe("a log directory", () => {
  it("is locked while it is open", async () => {
    const disk = new FakeDisk()
    const second = await inDirectory(disk, () => Effect.flip(Effect.scoped(LogDirectory.open(at()))))
    expect(second).toMatchObject({ _tag: "DiskError", reason: "Locked" })
    await inDirectory(disk, () => Effect.void)
  })

  it("behaviour 172: checkpoints what Kafka checkpoints, and loads by it", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const a = yield* written(directory, "a", 5)
        const b = yield* written(directory, "b.c-d_e", 3)
        yield* a.flush
        yield* b.deleteRecordsBefore(2)
        yield* directory.checkpoints.write([
          { log: a, highWatermark: 4 },
          { log: b, highWatermark: 3 }
        ])
      })
    )
    expect(text(disk, "recovery-point-offset-checkpoint")).toBe("0\n2\na 0 5\nb.c-d_e 0 0\n")
    expect(text(disk, "log-start-offset-checkpoint")).toBe("0\n1\nb.c-d_e 0 2\n")
    expect(text(disk, "replication-offset-checkpoint")).toBe("0\n2\na 0 4\nb.c-d_e 0 3\n")
    expect(text(disk, "a-0/partition.metadata")).toBe(`version: 0\ntopic_id: ${topicId}`)
    expect(await reopened(disk)).toEqual({
      clean: false,
      epoch: -1,
      logs: [
        ["a", 0, 0, 5, 5],
        ["b.c-d_e", 0, 2, 3, 0]
      ],
      highWatermarks: [4, 3]
    })
  })

  it("behaviour 172: lost or damaged checkpoints cost a scan and a watermark, no data", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.flatMap(written(directory, "a", 5), (log) => directory.checkpoints.write([{ log, highWatermark: 5 }]))
    )
    disk.put("/data/recovery-point-offset-checkpoint", bytes("0\n7\na"))
    disk.put("/data/replication-offset-checkpoint", bytes(""))
    disk.files.delete("/data/log-start-offset-checkpoint")
    expect(await reopened(disk)).toMatchObject({ logs: [["a", 0, 0, 5, 0]], highWatermarks: [0] })
  })

  it("the mark of a clean stop counts once", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const log = yield* written(directory, "a", 5)
        yield* log.close(ProducerState.empty)
        yield* directory.checkpoints.write([{ log, highWatermark: 5 }])
        yield* directory.markCleanShutdown(11)
      })
    )
    expect(text(disk, ".kafka_cleanshutdown")).toBe('{"version":0,"brokerEpoch":11}')
    expect(await reopened(disk)).toMatchObject({ clean: true, epoch: 11, logs: [["a", 0, 0, 5, 5]] })
    disk.powerLoss()
    expect(await reopened(disk)).toMatchObject({ clean: false, epoch: -1 })
  })

  it("refuses a log of another topic id, writes a missing one", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) => written(directory, "a", 1))
    const load = (id: string) =>
      inDirectory(disk, (directory) =>
        Effect.gen(function* () {
          const [found] = yield* directory.find(0)
          yield* directory.load(found!, id, rules, 0)
          return found?.topicId
        })
      )
    expect(await load(topicId)).toBe(topicId)
    await expect(load(otherId)).rejects.toMatchObject({ _tag: "CorruptLog" })
    disk.files.delete("/data/a-0/partition.metadata")
    expect(await load(otherId)).toBeUndefined()
    expect(await load(otherId)).toBe(otherId)
  })

  it("behaviour 174: a log that can't be opened does not keep the others from it", async () => {
    const disk = new FakeDisk()
    const topics = Array.from({ length: 20 }, (_, index) => `t${String(index).padStart(2, "0")}`)
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const logs: Array<Log> = []
        for (const topic of topics) logs.push(yield* written(directory, topic, 3))
        for (const log of logs) yield* log.flush
        yield* directory.checkpoints.write(logs.map((log) => ({ log, highWatermark: 3 })))
      })
    )
    disk.bytes("/data/t07-0/00000000000000000000.log")[70]! ^= 1
    const outcomes = await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const found = yield* directory.find(0)
        const load = (one: (typeof found)[number]) => Effect.result(directory.load(one, topicId, rules, 0))
        const loaded = yield* Effect.forEach(found, load, { concurrency: "unbounded" })
        return loaded.map((one) => (Result.isSuccess(one) ? one.success.topic : one.failure._tag))
      })
    )
    expect(outcomes).toEqual(topics.map((topic) => (topic === "t07" ? "CorruptLog" : topic)))
  })

  it("so many logs are recovered at a time as num.recovery.threads.per.data.dir says; after a clean stop there is no limit", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        for (const topic of ["a", "b", "c", "d", "e"])
          yield* (yield* written(directory, topic, 3)).close(ProducerState.empty)
      })
    )
    /** How many logs have begun to be opened when none may go on, with the limit as it was and as it is changed to. */
    const begun = (thenClean: boolean) =>
      Effect.gen(function* () {
        const gate = Latch.makeUnsafe(false)
        const listed = new Set<string>()
        const list: Disk["Service"]["list"] = (path) =>
          Effect.andThen(
            Effect.sync(() => listed.add(path)),
            Effect.andThen(gate.await, disk.service.list(path))
          )
        const directory = yield* LogDirectory.open(at())
        const found = yield* directory.find(0)
        const load = (one: (typeof found)[number]) => directory.load(one, topicId, rules, 0)
        const loading = Effect.forEach(found, load, { concurrency: "unbounded" })
        const fiber = yield* Effect.forkChild(Effect.provideService(loading, Disk, { ...disk.service, list }))
        yield* settled
        const first = listed.size
        yield* directory.setRecoveryThreads(3)
        yield* settled
        const second = listed.size
        yield* gate.open
        const logs = yield* Fiber.join(fiber)
        for (const log of logs) yield* log.close(ProducerState.empty)
        yield* directory.checkpoints.write(logs.map((log) => ({ log, highWatermark: 3 })))
        if (thenClean) yield* directory.markCleanShutdown(1)
        return [first, second, listed.size]
      })
    const attempt = (thenClean: boolean) =>
      Effect.runPromise(Effect.scoped(begun(thenClean)).pipe(Effect.provideService(Disk, disk.service)))
    expect(await attempt(true)).toEqual([2, 3, 5])
    expect(await attempt(false)).toEqual([5, 5, 5])
  })

  it("renames a deleted log at once, and removes it after the delay, also after a restart", async () => {
    const disk = new FakeDisk()
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        const log = yield* written(directory, "a", 1)
        yield* directory.delete(log, 100)
        expect(yield* directory.find(100)).toEqual([])
        expect(yield* directory.removeDeleted(150, 100)).toBe(0)
      })
    )
    disk.powerLoss()
    const name = disk.names("/data").find((one) => one.endsWith("-delete"))
    expect(name).toMatch(/^a-0\.[0-9a-f]{32}-delete$/)
    await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        expect(yield* directory.find(200)).toEqual([])
        expect(yield* directory.removeDeleted(299, 100)).toBe(0)
        expect(yield* directory.removeDeleted(300, 100)).toBe(1)
      })
    )
    expect(disk.names("/data").some((one) => one.endsWith("-delete"))).toBe(false)
  })

  it("many deleted logs are removed between whatever else there is to do", async () => {
    const disk = new FakeDisk()
    const left = await inDirectory(disk, (directory) =>
      Effect.gen(function* () {
        for (let index = 0; index < 10; index++) yield* directory.delete(yield* written(directory, `t${index}`, 1), 0)
        const removing = yield* Effect.forkChild(directory.removeDeleted(100, 100))
        const counts: Array<number> = []
        while (removing.pollUnsafe() === undefined) {
          counts.push(disk.names("/data").filter((name) => name.endsWith("-delete")).length)
          yield* Effect.yieldNow
        }
        return new Set(counts)
      })
    )
    expect(left.size).toBeGreaterThanOrEqual(10)
  })

  it("one sync of the directory serves all that are deleted meanwhile", async () => {
    const disk = new FakeDisk()
    let syncs = 0
    const syncDirectory: Disk["Service"]["syncDirectory"] = (path) =>
      Effect.gen(function* () {
        syncs += 1
        yield* settled
        yield* disk.service.syncDirectory(path)
      })
    const program = Effect.gen(function* () {
      const directory = yield* LogDirectory.open(at())
      const topics = Array.from({ length: 20 }, (_, index) => `t${index}`)
      const logs = yield* Effect.forEach(topics, (topic) => written(directory, topic, 1))
      syncs = 0
      yield* Effect.forEach(logs, (log) => directory.delete(log, 0), { concurrency: "unbounded", discard: true })
    })
    await Effect.runPromise(
      Effect.scoped(program).pipe(Effect.provideService(Disk, { ...disk.service, syncDirectory }))
    )
    expect(syncs).toBeLessThanOrEqual(2)
    disk.powerLoss()
    expect(disk.names("/data").filter((name) => name.endsWith("-delete"))).toHaveLength(20)
  })

  it("finds logs by name and leaves everything else alone", async () => {
    const disk = new FakeDisk()
    for (const name of ["a-0", "a-b-12", "a.b_c-3", "a", "a-x", "a-01", "-5", "__cluster_metadata-0"]) {
      disk.directories.add(`/data/${name}`)
    }
    const found = await inDirectory(disk, (directory) => directory.find(0))
    expect(found.map(({ topic, partition }) => [topic, partition])).toEqual([
      ["__cluster_metadata", 0],
      ["a", 0],
      ["a-b", 12],
      ["a.b_c", 3]
    ])
  })
})

describe("names", () => {
  it("cut a deleted directory's topic to what a file system takes", () => {
    const name = Names.deleted("t".repeat(249), 12, "0".repeat(32))
    expect(name.length).toBe(255)
    expect(Names.isDeleted(name)).toBe(true)
    expect(Names.isDeleted("a-delete")).toBe(false)
  })

  it("take a damaged partition.metadata for none", () => {
    expect(Names.decodePartitionMetadata(bytes(`version: 0\ntopic_id: ${topicId}\n`))).toBe(topicId)
    expect(Names.decodePartitionMetadata(bytes("version: 0\ntopic_id: short"))).toBeUndefined()
    expect(Names.decodePartitionMetadata(bytes("version: 1\ntopic_id: x"))).toBeUndefined()
  })

  it("take any mark of a clean stop for one", () => {
    expect(Names.brokerEpoch(bytes('{"version":0,"brokerEpoch":42}'))).toBe(42)
    expect(Names.brokerEpoch(bytes(""))).toBe(-1)
  })
})
