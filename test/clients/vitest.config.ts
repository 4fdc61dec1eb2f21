/**
 * The client suites start brokers and take minutes: they have a command of their own, `pnpm test:clients`. One file at a
 * time, so that no broker competes with another for the machine.
 */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false
  }
})
