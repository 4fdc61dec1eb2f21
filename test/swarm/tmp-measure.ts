import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import { bugs, withBug } from "@klamm/testing/Bugs"
import { simulate } from "@klamm/testing/Simulation"
const codecs = makeCodecs({ gzip, zstd })
const names = process.argv.slice(3)
for (const { name, overrides } of bugs) {
  if (names.length > 0 && !names.includes(name)) continue
  const t = performance.now()
  const c0 = process.cpuUsage().user
  let said = "not found"
  let seed = 1
  for (; performance.now() - t < Number(process.argv[2]) * 1000; seed++) {
    const { violations: [first] } = withBug(name, () => simulate({ seed, codecs, overrides: { stormMs: 4_000, ...overrides } }))
    if (first !== undefined) { said = `${first.check}: ${first.detail.slice(0, 120)}`; break }
  }
  console.log(name, "seed", seed, `${((process.cpuUsage().user - c0) / 1e6).toFixed(1)}s cpu`, said)
}
process.exit(0)
