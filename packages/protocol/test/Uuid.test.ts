import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Uuid from "../src/Uuid.ts"

const raw = fc.uint8Array({ minLength: 16, maxLength: 16 })

describe("uuid", () => {
  it("is unpadded base64url, and comes back", () => {
    fc.assert(
      fc.property(raw, (bytes) => {
        const text = Uuid.fromBytes(bytes)
        expect(text).toBe(Buffer.from(bytes).toString("base64url"))
        expect(Uuid.isUuid(text)).toBe(true)
        const again = new Uint8Array(20)
        Uuid.toBytes(text, again, 3)
        expect([...again.subarray(3, 19)]).toEqual([...bytes])
      })
    )
  })

  it("is not mistaken for another, however many were read before", () => {
    const bytes = Buffer.alloc(16)
    const ids = Array.from({ length: 5000 }, (_, index) => {
      bytes.writeUInt32BE(index, index % 13)
      return Buffer.from(bytes)
    })
    for (let time = 0; time < 2; time++) {
      for (const id of ids) expect(Uuid.fromBytes(id)).toBe(id.toString("base64url"))
    }
  })

  it("of zero bytes is the constant", () => {
    expect(Uuid.fromBytes(new Uint8Array(16))).toBe(Uuid.ZERO)
  })

  it("is no text of another length, alphabet, or with the unused bits set", () => {
    for (const text of [
      "",
      "AAAA",
      `${Uuid.ZERO}A`,
      "AAAAAAAAAAAAAAAAAAAAA=",
      "AAAAAAAAAAAAAAAAAAAA+A",
      "AAAAAAAAAAAAAAAAAAAAAB"
    ]) {
      expect(Uuid.isUuid(text), text).toBe(false)
      expect(() => Uuid.toBytes(text, new Uint8Array(16))).toThrow(RangeError)
    }
    expect(Uuid.isUuid(`${"A".repeat(20)}éA`)).toBe(false)
  })
})
