import { defineConfig } from "vitest/config"

/** `pnpm client:kills`: our client while brokers that are processes of their own are killed; slower than what `pnpm test` runs. */
export default defineConfig({
  test: { include: ["test/client/kills/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000 }
})
