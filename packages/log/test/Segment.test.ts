/** A segment whose file is opened by several at once. */
import { type Disk, DiskError, type DiskFile } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { describe, expect, it } from "vitest"
import { FileUsers } from "../src/FileUsers.ts"
import { Segment } from "../src/Segment.ts"
import { directory, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

const path = `${directory}/00000000000000000000.log`
const readOnly = (file: DiskFile): DiskFile => ({
  ...file,
  write: () => Effect.fail(new DiskError({ reason: "Io", operation: "write", path }))
})
const bytes = new Uint8Array([1, 2, 3])

/** The disk, on which files are opened for reading or for writing only once that latch is open, and only those can be written. */
const waiting = (disk: FakeDisk, latches: { readonly read: Latch.Latch; readonly write: Latch.Latch }) => {
  const { service } = disk
  const open: Disk["Service"]["open"] = (at, mode) =>
    mode === "read"
      ? Effect.andThen(latches.read.await, Effect.map(service.open(at, mode), readOnly))
      : Effect.andThen(latches.write.await, service.open(at, mode))
  return { ...service, open }
}

/** A reader and a writer begin to open the file, and in that order are let go on; answers what each could do, and what is open. */
const together = (first: "read" | "write", second: "read" | "write") => {
  const disk = new FakeDisk()
  disk.put(path, bytes)
  const latches = { read: Latch.makeUnsafe(false), write: Latch.makeUnsafe(false) }
  const story = Effect.gen(function* () {
    const home = { disk: waiting(disk, latches), scope: yield* Effect.scope, users: new FileUsers(), directory }
    const segment = new Segment(home, 0, 0)
    // As the active one's, so that its file stays open.
    segment.resetIndexes()
    const written = Latch.makeUnsafe(false)
    const read = segment.withFile((file) =>
      Effect.andThen(written.await, file.read(0, new Uint8Array(bytes.byteLength)))
    )
    const reading = yield* Effect.forkChild(read, { startImmediately: true })
    const write = Effect.flatMap(segment.openForWriting, (file) => file.write(bytes.byteLength, [bytes]))
    const writing = yield* Effect.forkChild(write, { startImmediately: true })
    latches[first].openUnsafe()
    for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
    latches[second].openUnsafe()
    yield* Fiber.join(writing)
    yield* written.open
    const count = yield* Fiber.join(reading)
    yield* segment.withFile((file) => file.write(2 * bytes.byteLength, [bytes]))
    const { openFiles } = disk
    yield* segment.close
    return { count, openFiles, openAfter: disk.openFiles }
  })
  return run(Effect.scoped(story))
}

describe("a segment that is opened for reading and for writing at once", () => {
  const expected = { count: bytes.byteLength, openFiles: 1, openAfter: 0 }

  it("can be written, whoever's file is open first", async () => {
    expect(await together("read", "write")).toEqual(expected)
    expect(await together("write", "read")).toEqual(expected)
  })
})
