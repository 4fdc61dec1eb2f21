/**
 * Memory that the machine really has. Where a host lends memory to a virtual machine and takes back what lies free, a page that is touched
 * for the first time costs several times of what a write into the page cache costs otherwise, and whoever writes next pays for it. So
 * before a measurement that writes, as much as it may fill is touched and given back, the same for every system. Neighbour: loads/.
 */
import { spawn } from "node:child_process"
import { freemem } from "node:os"

const GIB = 1024 ** 3
const TOUCHED_GIB = 2
/** With less to spare it would push out what others hold. */
const FREE_BYTES_MIN = 2 * TOUCHED_GIB * GIB
const WITHIN_MS = 30_000
const script = `for (const held = []; held.length < ${4 * TOUCHED_GIB}; ) held.push(Buffer.alloc(${GIB / 4}, 1))`

/** Done when it was touched and is free again. Failing to is told, for then a figure says less. */
export const touchMemory = (): Promise<void> => {
  if (freemem() < FREE_BYTES_MIN) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", script], { stdio: "ignore", timeout: WITHIN_MS })
    child.once("error", reject)
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error("memory could not be touched in time"))))
  })
}
