/** What every layer of Disk promises, to be asked of each of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as fc from "fast-check"
import { Disk, type DiskError, type DiskFile } from "../../src/Disk.ts"

/** More chunks than one gathered write may carry anywhere. */
const manyChunks = 2 * 1_024 + 1

/** More than any disk writes at once on the calling thread. */
const largeBytes = 3 * 1_024 * 1_024

export const text = (words: string): Uint8Array => new TextEncoder().encode(words)

export const reasonOf = <A, R>(effect: Effect.Effect<A, DiskError, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onSuccess: () => "none", onFailure: (error) => error.reason })

const readAll = (file: DiskFile): Effect.Effect<Uint8Array, DiskError> =>
  Effect.gen(function* () {
    const target = new Uint8Array(yield* file.size)
    assert.strictEqual(yield* file.read(0, target), target.length)
    return target
  })

/** A file's whole life: opened, written and closed. */
const put = (at: string, words: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* (yield* Disk).open(at, "write")
      yield* file.write(0, [text(words)])
      yield* file.sync
    })
  )

export const describeDisk = (
  name: string,
  makeLayer: () => Layer.Layer<Disk>,
  makeDirectory: () => string
): ReturnType<typeof describe> =>
  describe(`disk ${name}`, () => {
    const check = (name: string, test: (disk: Disk["Service"], at: string) => Effect.Effect<void, DiskError, Disk>) =>
      it.live(name, () =>
        Effect.gen(function* () {
          const disk = yield* Disk
          const at = makeDirectory()
          yield* disk.makeDirectory(at)
          yield* test(disk, at)
        }).pipe(Effect.provide(makeLayer()))
      )

    check("holds on to the memory of a write until it has it all, also when nobody waits for it any more", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* disk.open(`${at}/a`, "write")
          const memory = new Uint8Array(64 * 1_024 * 1_024).fill(1)
          const chunks = [memory.subarray(0, 3), memory.subarray(3, largeBytes), memory.subarray(largeBytes)]
          const writing = yield* Effect.forkChild(file.write(0, chunks), { startImmediately: true })
          yield* Fiber.interrupt(writing)
          memory.fill(2)
          const stored = yield* readAll(file)
          assert.include([0, memory.length], stored.length)
          assert.isFalse(stored.includes(2))
        })
      )
    )

    check("opens by mode", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(disk.open(`${at}/a`, "read")), "NotFound")
          const created = yield* disk.open(`${at}/a`, "create")
          assert.strictEqual(yield* created.size, 0)
          assert.strictEqual(created.path, `${at}/a`)
          assert.strictEqual(yield* reasonOf(disk.open(`${at}/a`, "create")), "AlreadyExists")
          yield* created.write(0, [text("one")])
          const same = yield* disk.open(`${at}/a`, "write")
          assert.deepStrictEqual(yield* readAll(same), text("one"))
          const readable = yield* disk.open(`${at}/a`, "read")
          assert.notStrictEqual(yield* reasonOf(readable.write(0, [text("no")])), "none")
          assert.deepStrictEqual(yield* readAll(readable), text("one"))
          assert.strictEqual(yield* reasonOf(disk.open(`${at}/none/a`, "write")), "NotFound")
          assert.strictEqual(yield* reasonOf(disk.open(`${at}/a/b`, "write")), "NotADirectory")
        })
      )
    )

    check(
      "reads what was written where it was written, in both ways of reading, and less only at the end",
      (disk, at) =>
        Effect.scoped(
          Effect.gen(function* () {
            const file = yield* disk.open(`${at}/a`, "write")
            yield* file.write(0, [text("hello "), new Uint8Array(0), text("world")])
            yield* file.write(6, [text("W")])
            yield* file.write(20, [text("far")])
            assert.strictEqual(yield* file.size, 23)
            for (const hint of [undefined, "cached", "cold"] as const) {
              const target = new Uint8Array(11)
              assert.strictEqual(yield* file.read(0, target, hint), 11)
              assert.deepStrictEqual(target, text("hello World"))
              assert.strictEqual(yield* file.read(18, target, hint), 5)
              assert.deepStrictEqual(target.subarray(0, 5), Uint8Array.of(0, 0, ...text("far")))
              assert.strictEqual(yield* file.read(23, target, hint), 0)
              assert.strictEqual(yield* file.read(100, target, hint), 0)
            }
          })
        )
    )

    check("writes any number of chunks at once", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* disk.open(`${at}/a`, "write")
          const chunks = Array.from({ length: manyChunks }, (_, index) => new Uint8Array(index % 5).fill(index))
          yield* file.write(3, chunks)
          assert.deepStrictEqual(yield* readAll(file), Uint8Array.of(0, 0, 0, ...chunks.flatMap((chunk) => [...chunk])))
        })
      )
    )

    check("writes chunks of any size at once, in pieces or whole", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* disk.open(`${at}/a`, "write")
          const memory = Uint8Array.from({ length: largeBytes }, (_, index) => index % 251)
          for (const bytes of [1_000_000, largeBytes]) {
            const ends = [0, 70_000, 70_000, 196_608, 500_000, 500_005, 900_000, bytes]
            const chunks = ends.map((end, index) => memory.subarray(ends[index - 1] ?? 0, end))
            yield* file.write(7, chunks)
            assert.isTrue(Buffer.compare((yield* readAll(file)).subarray(7), memory.subarray(0, bytes)) === 0)
          }
        })
      )
    )

    check("truncates, shorter and longer", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* disk.open(`${at}/a`, "write")
          yield* file.write(0, [text("abcdef")])
          yield* file.truncate(2)
          assert.deepStrictEqual(yield* readAll(file), text("ab"))
          yield* file.truncate(4)
          assert.deepStrictEqual(yield* readAll(file), Uint8Array.of(...text("ab"), 0, 0))
        })
      )
    )

    check("does as a plain array of bytes does", (disk, at) =>
      Effect.gen(function* () {
        const step = fc.oneof(
          fc.record({ at: fc.nat(9000), bytes: fc.uint8Array({ maxLength: 5000 }) }),
          fc.record({ length: fc.nat(12_000) })
        )
        let files = 0
        const runSteps = (steps: ReadonlyArray<{ at: number; bytes: Uint8Array } | { length: number }>) =>
          Effect.gen(function* () {
            const file = yield* disk.open(`${at}/${files++}`, "create")
            let model = new Uint8Array(0)
            for (const each of steps) {
              const length =
                "length" in each
                  ? each.length
                  : Math.max(model.length, each.bytes.length === 0 ? 0 : each.at + each.bytes.length)
              const next = new Uint8Array(length)
              next.set(model.subarray(0, length))
              if ("bytes" in each) next.set(each.bytes, each.bytes.length === 0 ? 0 : each.at)
              yield* "bytes" in each ? file.write(each.at, [each.bytes]) : file.truncate(each.length)
              model = next
              assert.deepStrictEqual(yield* readAll(file), model)
            }
          })
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) =>
              Effect.runPromise(Effect.scoped(runSteps(steps)))
            ),
            { numRuns: 50 }
          )
        )
      })
    )

    check("does nothing with a file that is closed, also when the system has given its number to another", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const closed = yield* Effect.scoped(disk.open(`${at}/a`, "write"))
          const others = yield* Effect.forEach([1, 2, 3, 4], (index) => disk.open(`${at}/${index}`, "write"))
          for (const other of others) yield* other.write(0, [text("mine")])
          const large = new Uint8Array(largeBytes)
          assert.strictEqual(yield* reasonOf(closed.write(0, [text("lost")])), "Io")
          assert.strictEqual(yield* reasonOf(closed.write(0, [large])), "Io")
          assert.strictEqual(yield* reasonOf(closed.truncate(0)), "Io")
          assert.strictEqual(yield* reasonOf(closed.size), "Io")
          assert.strictEqual(yield* reasonOf(closed.sync), "Io")
          for (const hint of ["cached", "cold"] as const) {
            assert.strictEqual(yield* reasonOf(closed.read(0, large, hint)), "Io")
          }
          for (const other of others) assert.deepStrictEqual(yield* readAll(other), text("mine"))
          assert.strictEqual((yield* disk.readFile(`${at}/a`)).byteLength, 0)
        })
      )
    )

    check("closes a file when what was begun with it is over", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          const memory = new Uint8Array(largeBytes).fill(1)
          const scope = yield* Scope.make()
          const file = yield* Scope.provide(disk.open(`${at}/a`, "write"), scope)
          const writing = yield* Effect.forkChild(file.write(0, [memory]), { startImmediately: true })
          yield* Scope.close(scope, Exit.void)
          const others = yield* Effect.forEach([1, 2, 3, 4], (index) => disk.open(`${at}/${index}`, "write"))
          yield* Fiber.await(writing)
          for (const other of others) assert.strictEqual(yield* other.size, 0)
          assert.deepStrictEqual(yield* disk.readFile(`${at}/a`), memory)
        })
      )
    )

    check("replaces by rename, and an open file goes on under its new name", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* put(`${at}/old`, "old")
          const file = yield* disk.open(`${at}/new`, "write")
          yield* file.write(0, [text("new")])
          yield* disk.rename(`${at}/new`, `${at}/old`)
          yield* disk.syncDirectory(at)
          yield* file.write(3, [text("er")])
          assert.deepStrictEqual(yield* disk.readFile(`${at}/old`), text("newer"))
          assert.isFalse(yield* disk.exists(`${at}/new`))
          assert.strictEqual(yield* reasonOf(disk.rename(`${at}/none`, `${at}/a`)), "NotFound")
        })
      )
    )

    check("renames a directory with what is in it, but never over a full one", (disk, at) =>
      Effect.gen(function* () {
        yield* disk.makeDirectory(`${at}/one/deep`)
        yield* put(`${at}/one/deep/a`, "a")
        yield* disk.rename(`${at}/one`, `${at}/two`)
        assert.deepStrictEqual(yield* disk.readFile(`${at}/two/deep/a`), text("a"))
        yield* disk.makeDirectory(`${at}/three`)
        assert.strictEqual(yield* reasonOf(disk.rename(`${at}/three`, `${at}/two`)), "AlreadyExists")
      })
    )

    check("removes a file, and a directory with all in it; an open file can still be read", (disk, at) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* disk.makeDirectory(`${at}/one/deep`)
          yield* put(`${at}/one/deep/a`, "a")
          const file = yield* disk.open(`${at}/one/deep/a`, "read")
          yield* disk.remove(`${at}/one`)
          assert.isFalse(yield* disk.exists(`${at}/one/deep/a`))
          assert.isFalse(yield* disk.exists(`${at}/one`))
          assert.deepStrictEqual(yield* readAll(file), text("a"))
          assert.strictEqual(yield* reasonOf(disk.remove(`${at}/one`)), "NotFound")
          assert.strictEqual(yield* reasonOf(disk.readFile(`${at}/one`)), "NotFound")
        })
      )
    )

    check(
      "makes a directory with its parents, again without complaint, and not where a file is in the way",
      (disk, at) =>
        Effect.gen(function* () {
          yield* disk.makeDirectory(`${at}/one/two/three`)
          yield* disk.makeDirectory(`${at}/one/two`)
          assert.isTrue(yield* disk.exists(`${at}/one/two/three`))
          yield* put(`${at}/file`, "a")
          assert.strictEqual(yield* reasonOf(disk.makeDirectory(`${at}/file`)), "AlreadyExists")
          assert.strictEqual(yield* reasonOf(disk.makeDirectory(`${at}/file/below`)), "NotADirectory")
        })
    )

    check("lists by name", (disk, at) =>
      Effect.gen(function* () {
        for (const name of ["b", "a", "B"]) yield* put(`${at}/${name}`, name)
        yield* disk.makeDirectory(`${at}/c/d`)
        yield* disk.makeDirectory(`${at}/c`)
        const entries = yield* disk.list(at)
        assert.deepStrictEqual(
          entries.map(({ name, kind }) => `${kind} ${name}`),
          ["file B", "file a", "file b", "directory c"]
        )
        assert.strictEqual(yield* reasonOf(disk.list(`${at}/none`)), "NotFound")
        assert.strictEqual(yield* reasonOf(disk.list(`${at}/a`)), "NotADirectory")
      })
    )

    check("locks a path until the scope ends", (disk, at) =>
      Effect.gen(function* () {
        const held = Effect.scoped(
          Effect.gen(function* () {
            yield* disk.lock(`${at}/.lock`)
            return yield* reasonOf(Effect.scoped(disk.lock(`${at}/.lock`)))
          })
        )
        assert.strictEqual(yield* held, "Locked")
        assert.strictEqual(yield* held, "Locked")
      })
    )

    check("tells how much room there is", (disk, at) =>
      Effect.gen(function* () {
        const { totalBytes, usableBytes } = yield* disk.volume(at)
        assert.isAbove(usableBytes, 0)
        assert.isAtLeast(totalBytes, usableBytes)
        assert.strictEqual(yield* reasonOf(disk.volume(`${at}/none`)), "NotFound")
      })
    )
  })
