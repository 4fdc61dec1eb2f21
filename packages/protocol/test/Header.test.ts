import { describe, expect, it } from "vitest"
import { apiByKey, apis } from "../src/api/index.ts"
import { MalformedBytes, Reader, Writer } from "../src/Bytes.ts"
import { firstFlexible } from "../src/FirstFlexible.ts"
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  firstPrivateKey,
  headerVersions
} from "../src/Header.ts"
import { versionsOf } from "./arbitrary.ts"

const readerOf = (write: (writer: Writer) => void): Reader => {
  const writer = new Writer()
  write(writer)
  return new Reader(Buffer.concat(writer.finish()))
}

describe("headers", () => {
  it("know the flexible versions of every API, requests and responses, and of no other", () => {
    const tables = apis.map(({ key, request, response }) => {
      expect(response.flexible).toEqual(request.flexible)
      const { min, max } = request.flexible
      return [key, max < min ? Number.POSITIVE_INFINITY : min] as const
    })
    expect([...firstFlexible]).toEqual(tables.toSorted(([one], [other]) => one - other))
  })

  it("come back for every version of every API, and leave the reader at the body", () => {
    for (const { key, request } of apis) {
      for (const version of versionsOf(request)) {
        const requestReader = readerOf((writer) => {
          encodeRequestHeader(writer, key, version, 77, "client")
          writer.int8(42)
        })
        const flexible = version >= request.flexible.min && version <= request.flexible.max
        const header = { apiKey: key, apiVersion: version, correlationId: 77, clientId: "client", flexible }
        expect(decodeRequestHeader(requestReader)).toEqual(header)
        expect(requestReader.int8()).toBe(42)
        const responseReader = readerOf((writer) => {
          encodeResponseHeader(writer, key, version, 78)
          writer.int8(43)
        })
        expect(decodeResponseHeader(responseReader, key, version)).toBe(78)
        expect(responseReader.int8()).toBe(43)
      }
    }
  })

  it("behaviour 001: the header of ApiVersions above the highest version can be read", () => {
    const reader = readerOf((writer) => encodeRequestHeader(writer, 18, 99, 1, "c"))
    expect(decodeRequestHeader(reader)).toMatchObject({ apiKey: 18, apiVersion: 99, flexible: true })
  })

  it("behaviour 008: an unknown key is malformed, for its header cannot be read", () => {
    expect(apiByKey.has(7)).toBe(false)
    for (const key of [-1, 4, 7, 95, 9_999]) {
      const reader = readerOf((writer) => {
        writer.int16(key)
        writer.int16(0)
        writer.int32(1)
        writer.nullableString(null)
      })
      expect(() => decodeRequestHeader(reader)).toThrow(MalformedBytes)
      expect(() => encodeResponseHeader(new Writer(), key, 0, 1)).toThrow(RangeError)
    }
  })

  it("of keys between brokers are those of flexible versions", () => {
    expect(headerVersions(firstPrivateKey, 0)).toEqual({ request: 2, response: 1 })
    const reader = readerOf((writer) => encodeRequestHeader(writer, firstPrivateKey, 0, 1, null))
    expect(decodeRequestHeader(reader)).toMatchObject({ apiKey: firstPrivateKey, clientId: null, flexible: true })
  })
})
