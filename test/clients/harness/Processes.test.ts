import { createServer } from "node:net"
import { expect, it } from "vitest"
import { errorsIn, freePort } from "./Processes.ts"

/** From here on Linux gives ports to connections that are made. */
const EPHEMERAL_FROM = 32_768

it("a free port is nobody else's, and no connection is given it", async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort))
  expect(new Set(ports).size).toBe(ports.length)
  expect(Math.max(...ports)).toBeLessThan(EPHEMERAL_FROM)
  const server = createServer()
  await new Promise<void>((listening) => server.listen(ports[0], "127.0.0.1", listening))
  server.close()
})

it("errors are told from warnings and from what follows them", () => {
  const error = "[09:01:21.811] ERROR (#8): the raft node has stopped DiskError: write: Io"
  const output = [
    "stopping: SIGTERM",
    "[09:01:21.810] WARN (#7): a log is cut",
    error,
    "    at writeAll (ERROR)",
    ""
  ].join("\n")
  expect(errorsIn(output)).toEqual([error])
})
