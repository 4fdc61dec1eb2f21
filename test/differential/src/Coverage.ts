/**
 * Which versions of which keys no scenario is about. Invariant: whatever a broker of ours advertises and the reference speaks too is
 * compared by some scenario. Neighbours: Matrix.ts (what is covered), Report.ts, main.ts.
 */
import { answerTo } from "./Run.ts"
import { apiOf } from "./Tables.ts"
import { listAt, numberAt } from "./Value.ts"
import { Wire } from "./Wire.ts"

/** The lowest and the highest version by key. */
type Advertised = ReadonlyMap<number, readonly [number, number]>

const API_VERSIONS = 18
const CLIENT = { clientSoftwareName: "coverage", clientSoftwareVersion: "1" }

export const advertisedBy = async (address: string): Promise<Advertised> => {
  const wire = await Wire.open(address)
  try {
    const answer = await answerTo(wire, API_VERSIONS, 4, CLIENT)
    return new Map(
      listAt(answer, "apiKeys").map((each) => [
        numberAt(each, "apiKey"),
        [numberAt(each, "minVersion"), numberAt(each, "maxVersion")]
      ])
    )
  } finally {
    wire.close()
  }
}

/** As `key.version`. Some versions are advertised for the sake of old clients' checks only, and are in no table. */
export const uncovered = (
  ours: Advertised,
  reference: Advertised,
  covered: ReadonlySet<string>
): ReadonlyArray<string> =>
  [...ours].flatMap(([key, [min, max]]) => {
    const [otherMin, otherMax] = reference.get(key) ?? [0, -1]
    const low = Math.max(min, otherMin, apiOf(key).request.versions.min)
    const all = Array.from({ length: Math.max(0, Math.min(max, otherMax) - low + 1) }, (_, i) => `${key}.${low + i}`)
    return all.filter((pair) => !covered.has(pair))
  })
