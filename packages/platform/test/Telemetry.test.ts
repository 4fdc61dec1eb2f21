import { assert, describe, it } from "@effect/vitest"
import { Telemetry } from "@klamm/platform/Telemetry"
import { print } from "@klamm/platform/TelemetryText"

const linesOf = (telemetry: Telemetry, start: string): ReadonlyArray<string> =>
  print(telemetry)
    .split("\n")
    .filter((line) => line.startsWith(start))

describe("telemetry", () => {
  it("prints what was counted, and levels as they are when somebody looks", () => {
    const telemetry = new Telemetry()
    let open = 2
    telemetry.show("klamm_connections", () => open)
    telemetry.counter("klamm_sent_bytes_total").add(10)
    telemetry.counter("klamm_sent_bytes_total").add(5)
    open = 7
    assert.strictEqual(
      print(telemetry),
      [
        "# HELP klamm_connections Open connections of clients and other nodes",
        "# TYPE klamm_connections gauge",
        "klamm_connections 7",
        "# HELP klamm_sent_bytes_total Bytes of answers sent",
        "# TYPE klamm_sent_bytes_total counter",
        "klamm_sent_bytes_total 15",
        ""
      ].join("\n")
    )
  })

  it("sorts times into buckets that say at most how long, in seconds, and keeps series apart by label", () => {
    const telemetry = new Telemetry()
    for (const milliseconds of [0.0005, 0.001, 0.0015, 3, 100_000]) {
      telemetry.histogram("klamm_request_seconds", "Produce").observeMs(milliseconds)
    }
    telemetry.histogram("klamm_request_seconds", "Fetch").observeMs(1)
    const bucket = (le: string) => linesOf(telemetry, `klamm_request_seconds_bucket{api="Produce",le="${le}"}`)[0]
    assert.strictEqual(bucket("0.000001"), 'klamm_request_seconds_bucket{api="Produce",le="0.000001"} 2')
    assert.strictEqual(bucket("0.000002")?.split(" ")[1], "3")
    assert.strictEqual(bucket("0.002048")?.split(" ")[1], "3")
    assert.strictEqual(bucket("0.004096")?.split(" ")[1], "4")
    assert.strictEqual(bucket("67.108864")?.split(" ")[1], "4")
    assert.strictEqual(bucket("+Inf")?.split(" ")[1], "5")
    assert.deepStrictEqual(linesOf(telemetry, "klamm_request_seconds_count"), [
      'klamm_request_seconds_count{api="Produce"} 5',
      'klamm_request_seconds_count{api="Fetch"} 1'
    ])
  })

  it("counts sizes by powers of two", () => {
    const telemetry = new Telemetry()
    for (const batches of [1, 2, 3, 4, 5]) telemetry.histogram("klamm_append_batches").observe(batches)
    const counts = ["1", "2", "4", "8"].map((le) => linesOf(telemetry, `klamm_append_batches_bucket{le="${le}"}`)[0])
    assert.deepStrictEqual(
      counts.map((line) => line?.split(" ")[1]),
      ["1", "2", "4", "5"]
    )
    assert.deepStrictEqual(linesOf(telemetry, "klamm_append_batches_sum"), ["klamm_append_batches_sum 15"])
  })
})
