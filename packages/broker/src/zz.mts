import { Session } from "node:inspector"
import { writeFileSync } from "node:fs"
await import("../../../apps/broker/src/Daemon.ts")
setTimeout(() => {
  const s = new Session(); s.connect()
  s.post("HeapProfiler.startSampling", { samplingInterval: 8192, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: false } as any)
  setTimeout(() => { s.post("HeapProfiler.stopSampling", (_e: any, r: any) => { writeFileSync("/tmp/heap.json", JSON.stringify(r.profile)); console.log("written") }) }, 5000)
}, 2500)
