import { describe, expect, it } from "vitest"
import { HostedPartitions } from "../src/HostedPartitions.ts"

describe("hosted partitions", () => {
  it("are found by topic and index, and are gone one by one", () => {
    const hosted = new HostedPartitions<string>()
    hosted.set("a", 0, "a/0")
    hosted.set("a", 1, "a/1")
    hosted.set("b", 0, "b/0")
    hosted.set("a", 1, "a/1 again")
    expect([hosted.get("a", 0), hosted.get("a", 1), hosted.get("b", 0)]).toEqual(["a/0", "a/1 again", "b/0"])
    expect([hosted.get("b", 1), hosted.get("c", 0)]).toEqual([undefined, undefined])
    expect([...hosted.values()]).toEqual(["a/0", "a/1 again", "b/0"])
    hosted.delete("a", 0)
    hosted.delete("b", 0)
    hosted.delete("c", 0)
    expect([...hosted.values()]).toEqual(["a/1 again"])
    expect(hosted.get("a", 0)).toBeUndefined()
  })
})
