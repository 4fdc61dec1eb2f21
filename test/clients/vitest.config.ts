/**
 * The suites of real clients, and of hostile ones (test/fuzz), start brokers and take minutes: they have a command of their
 * own, `pnpm test:clients`. One file at a time, so that no broker competes with another for the machine.
 */
import { join } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: join(import.meta.dirname, ".."),
    include: ["clients/*.test.ts", "fuzz/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false
  }
})
