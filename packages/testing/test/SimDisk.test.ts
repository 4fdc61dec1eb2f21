/** What a world's disk does that a good one does not. What every disk does is asked in test/swarm. */
import type { Disk, DiskError, DiskFile } from "@klamm/platform/Disk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { assert, describe, it } from "vitest"
import { Chance } from "../src/Chance.ts"
import { SimDisk, sectorBytes } from "../src/SimDisk.ts"
import { World } from "../src/World.ts"

type Use = (file: DiskFile, disk: Disk["Service"]) => Effect.Effect<unknown, DiskError, Scope.Scope>

/** Runs in a world of its own, with a file whose name and first words are durable. */
const withFile = (sim: SimDisk, use: Use, user = { isAlive: true }) => {
  const disk = sim.mount(user)
  const world = new World({ seed: 1 })
  const program = Effect.gen(function* () {
    const file = yield* disk.open("/a", "write")
    yield* file.write(0, [new Uint8Array(4 * sectorBytes).fill(1)])
    yield* file.sync
    yield* disk.syncDirectory("/")
    return yield* use(file, disk)
  })
  return world.run(Effect.scoped(program))
}

const bytesOf = (sim: SimDisk, path = "/a"): Uint8Array => {
  const file = sim.files.file(path)
  const bytes = new Uint8Array(file.size)
  file.read(0, bytes)
  return bytes
}

const second: Use = (file) => file.write(0, [new Uint8Array(4 * sectorBytes).fill(2)])

/** A process that is to die at its next operation, which is the first of its writes; answers who it is, and the world it lives in. */
const dying = (sim: SimDisk, seed: number, writes: ReadonlyArray<number>) => {
  const user = { isAlive: true }
  const disk = sim.mount(user)
  const world = new World({ seed })
  const life = world.process(world.machine("one"), "one")
  const write = Effect.gen(function* () {
    const file = yield* disk.open("/a", "write")
    sim.dieAt(1, () => {
      user.isAlive = false
      life.kill()
    })
    for (const position of writes) yield* file.write(position, [new Uint8Array(100).fill(1)])
  })
  life.run(Effect.scoped(write), () => assert.fail("the dead don't end"))
  return { user, world }
}

describe("a world's disk", () => {
  it("keeps what was written in a crash, and in a power cut what was synced", () => {
    const sim = new SimDisk(new Chance(1))
    withFile(sim, second)
    sim.crash()
    assert.isTrue(bytesOf(sim).every((byte) => byte === 2))
    sim.losePower("nothing")
    assert.isTrue(bytesOf(sim).every((byte) => byte === 1))
  })

  it("notes what a living process does with a file that it has closed", () => {
    const sim = new SimDisk(new Chance(1))
    withFile(sim, (_, disk) =>
      Effect.gen(function* () {
        const closed = yield* Effect.scoped(disk.open("/b", "write"))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(closed.write(0, [new Uint8Array(1)]))))
      })
    )
    assert.deepStrictEqual(sim.closedUses, ["write /b"])
    assert.strictEqual(sim.files.file("/b").size, 0)
  })

  it("tears what was not synced at the borders of sectors", () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const sim = new SimDisk(new Chance(seed))
      withFile(sim, second)
      sim.losePower("some")
      const bytes = bytesOf(sim)
      const sectors = [0, 1, 2, 3].map((sector) => bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes))
      for (const sector of sectors) assert.strictEqual(new Set(sector).size, 1)
      seen.add(sectors.map((sector) => sector[0]).join(""))
    }
    assert.isAtLeast(seen.size, 8)
  })

  it("takes a failed sync for final, and what it was to keep for lost though it still reads well", () => {
    const sim = new SimDisk(new Chance(1))
    const exit = withFile(sim, (file, disk) =>
      Effect.gen(function* () {
        yield* second(file, disk)
        sim.condition.syncFails = 1
        assert.isTrue(Exit.isFailure(yield* Effect.exit(file.sync)))
        sim.condition.syncFails = 0
        assert.isTrue(Exit.isFailure(yield* Effect.exit(file.sync)))
        yield* (yield* disk.open("/a", "write")).sync
      })
    )
    assert.isTrue(Exit.isSuccess(exit))
    assert.isTrue(bytesOf(sim).every((byte) => byte === 2))
    sim.losePower("everything")
    assert.isTrue(bytesOf(sim).every((byte) => byte === 1))
  })

  it("writes what was lost again when it is changed again", () => {
    const sim = new SimDisk(new Chance(1))
    withFile(sim, (file, disk) =>
      Effect.gen(function* () {
        yield* second(file, disk)
        sim.condition.syncFails = 1
        yield* Effect.exit(file.sync)
        sim.condition.syncFails = 0
        const again = yield* disk.open("/a", "write")
        yield* again.write(0, [new Uint8Array(sectorBytes).fill(3)])
        yield* again.sync
      })
    )
    sim.losePower("nothing")
    const bytes = bytesOf(sim)
    assert.deepStrictEqual([bytes[0], bytes[sectorBytes]], [3, 1])
  })

  it("flips one bit for good, until something else is written there", () => {
    const sim = new SimDisk(new Chance(1))
    const wrong = (file: DiskFile) => {
      const bytes = new Uint8Array(4 * sectorBytes)
      return Effect.map(file.read(0, bytes), () => [...bytes].filter((byte) => byte !== 1).length)
    }
    withFile(sim, () => Effect.void)
    sim.rot("/a", 700)
    assert.isTrue(sim.isRotten("/"))
    sim.losePower("nothing")
    const user = { isAlive: true }
    const reading = Effect.gen(function* () {
      const file = yield* sim.mount(user).open("/a", "write")
      const before = yield* wrong(file)
      yield* file.write(700, [new Uint8Array(1).fill(1)])
      return [before, yield* wrong(file)]
    })
    assert.deepStrictEqual(Effect.runSync(Effect.scoped(reading)), [1, 0])
    assert.isFalse(sim.isRotten("/"))
  })

  it("is full at its capacity, and room is room again", () => {
    const sim = new SimDisk(new Chance(1))
    const exit = withFile(sim, (file) =>
      Effect.gen(function* () {
        sim.condition.totalBytes = sim.files.usedBytes
        assert.isTrue(Exit.isFailure(yield* Effect.exit(file.write(4 * sectorBytes, [new Uint8Array(1)]))))
        sim.condition.totalBytes = undefined
        yield* file.write(4 * sectorBytes, [new Uint8Array(1)])
      })
    )
    assert.isTrue(Exit.isSuccess(exit))
  })

  it("lets a process die before an operation, in the midst of it, or behind it, and do nothing afterwards", () => {
    const lengths = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const sim = new SimDisk(new Chance(seed))
      const { world } = dying(sim, seed, [0, 100])
      world.run(Effect.sleep(100))
      lengths.add(sim.files.file("/a").size)
    }
    assert.isTrue(lengths.has(0) && lengths.has(100))
    assert.isAtLeast(lengths.size, 6)
    assert.isAtMost(Math.max(...lengths), 100)
  })

  it("ends a death that has begun when another is planned, however long its operation takes", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const sim = new SimDisk(new Chance(seed))
      Object.assign(sim.condition, { writeMs: [1_000, 1_000], pooledWrites: 1 })
      const { user, world } = dying(sim, seed, [0])
      world.run(Effect.sleep(10))
      sim.dieAt(Number.POSITIVE_INFINITY, () => undefined)
      assert.isFalse(user.isAlive)
    }
  })
})
