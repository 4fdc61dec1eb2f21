import { Disk } from "@klamm/platform"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as Checkpoint from "../src/Checkpoint.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (content: string) => new TextEncoder().encode(content)

describe("Checkpoint", () => {
  it("writes the epoch file as Kafka does", () => {
    const cache = [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 120 }
    ]
    expect(text(Checkpoint.encodeEpochs(cache))).toBe("0\n2\n0 0\n3 120\n")
    expect(Checkpoint.decodeEpochs(bytes("0\n2\n0 0\n3 120\n"))).toEqual(cache)
    expect(Checkpoint.decodeEpochs(bytes("0\n0\n"))).toEqual([])
  })

  it("writes the offset files as Kafka does", () => {
    const offsets = [
      { topic: "comp", partition: 0, offset: 0 },
      { topic: "a.b-c_d", partition: 12, offset: 9007199254740991 }
    ]
    expect(text(Checkpoint.encodeOffsets(offsets))).toBe("0\n2\ncomp 0 0\na.b-c_d 12 9007199254740991\n")
    expect(Checkpoint.decodeOffsets(Checkpoint.encodeOffsets(offsets))).toEqual(offsets)
  })

  it.each([
    "",
    "1\n0\n",
    "0\n2\n0 0\n",
    "0\n1\n0 0 0\n",
    "0\n1\nx 0\n",
    "0\n2\n1 5\n1 6\n",
    "0\n2\n1 5\n2 5\n",
    "0\n1\n0 1e3\n"
  ])("takes %j for a damaged epoch file", (content) => {
    expect(Checkpoint.decodeEpochs(bytes(content))).toBeUndefined()
  })

  it.each(["", "0\n1\n", "0\n1\na 0\n", "0\n1\na b 0\n", "0\n1\na 0 99999999999999999999\n", "x"])(
    "takes %j for a damaged offset file",
    (content) => {
      expect(Checkpoint.decodeOffsets(bytes(content))).toBeUndefined()
    }
  )

  it("behaviour 172: a file is replaced whole, whenever the power goes", async () => {
    const steps = 8
    for (let failAt = 0; failAt < steps; failAt++) {
      const disk = new FakeDisk()
      disk.put("/d/file", bytes("old"))
      let operations = 0
      disk.fault = () => (operations++ >= failAt ? "Io" : undefined)
      const replace = Effect.gen(function* () {
        const service = yield* Disk
        yield* Checkpoint.replaceFile(service, "/d", "file", bytes("new content"))
      })
      const done = await Effect.runPromiseExit(Effect.provideService(replace, Disk, disk.service))
      disk.powerLoss()
      const left = text(disk.bytes("/d/file"))
      expect(left).toBe(done._tag === "Success" ? "new content" : "old")
    }
  })
})
