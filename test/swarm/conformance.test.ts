/** What every disk and network promises, asked of the world's. */

import { Disk } from "@klamm/platform/Disk"
import { Chance } from "@klamm/testing/Chance"
import { healthy, SimDisk } from "@klamm/testing/SimDisk"
import { SimNetwork } from "@klamm/testing/SimNetwork"
import * as Layer from "effect/Layer"
import { describeDisk } from "../../packages/platform/test/support/disk.ts"
import { describeNetwork } from "../../packages/platform/test/support/network-suite.ts"

describeDisk(
  "of a world",
  () => Layer.sync(Disk, () => new SimDisk(new Chance(1), { ...healthy(), yields: 0.5 }).mount({ isAlive: true })),
  () => "/data"
)

/** Here the world's time is real. */
const liveEvents = {
  nowMs: () => performance.now(),
  after: (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
}

let seeds = 0

describeNetwork("of a world", () => {
  seeds += 1
  const network = new SimNetwork(liveEvents, new Chance(seeds))
  network.condition.delayMs = [0.01, 0.5]
  network.condition.smallPieces = 0.01
  return network.mount("localhost", { isAlive: true, post: (run) => run() })
})
