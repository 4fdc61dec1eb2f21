/**
 * What a broker measures of itself, for whoever asks by HTTP: `GET /metrics` answers with Prometheus' text. Invariants: node:http is loaded
 * only where `klamm.metrics.listener` names an address; nothing is computed before somebody asks; who asks changes nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Telemetry } from "@klamm/platform/Telemetry"
import { contentType, print } from "@klamm/platform/TelemetryText"
import * as Effect from "effect/Effect"

const path = "/metrics"
/** How often the event loop's delay is looked at, in milliseconds. */
const resolutionMs = 10
const nanosPerSecond = 1e9
const microsPerSecond = 1e6

export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

/** `host:port`; undefined when it is none. Port 0 is any free one. */
export const parseAddress = (text: string): MetricsAddress | undefined => {
  const [, host, port] = /^\[?([^\]]*)\]?:([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535) return undefined
  return { host, port: Number(port) }
}

/** The process's own numbers. The delays begin anew with each look. */
const showProcess = (telemetry: Telemetry): (() => void) => {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  const above = (nanos: number) => Math.max(0, nanos / nanosPerSecond - resolutionMs / 1_000)
  for (const quantile of [50, 99, 100]) {
    telemetry.show(
      "klamm_event_loop_delay_seconds",
      () => (delays.count === 0 ? 0 : above(delays.percentile(quantile))),
      `${quantile / 100}`
    )
  }
  telemetry.show("process_resident_memory_bytes", () => process.memoryUsage.rss())
  telemetry.show("process_cpu_seconds_total", () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / microsPerSecond
  })
  return () => delays.reset()
}

const answer = (request: IncomingMessage, response: ServerResponse, text: () => string): void => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost")
  if (pathname !== path) response.writeHead(404).end(`there is nothing here but ${path}\n`)
  else if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end()
  else response.writeHead(200, { "content-type": contentType }).end(text())
}

/** Serves until the process ends; answers the address really bound, or why it can't be. */
export const serve = (
  { host, port }: MetricsAddress,
  telemetry: Telemetry
): Effect.Effect<MetricsAddress, NodeJS.ErrnoException> =>
  Effect.flatMap(
    Effect.promise(() => import("node:http")),
    ({ createServer }) =>
      Effect.callback<MetricsAddress, NodeJS.ErrnoException>((resume) => {
        const looked = showProcess(telemetry)
        const server = createServer((request, response) => {
          answer(request, response, () => {
            const text = print(telemetry)
            looked()
            return text
          })
        })
        server.once("error", (error) => resume(Effect.fail(error)))
        server.listen(port, host === "" ? undefined : host, () => {
          const bound = server.address()
          resume(Effect.succeed({ host, port: typeof bound === "object" && bound !== null ? bound.port : port }))
        })
      })
  )
