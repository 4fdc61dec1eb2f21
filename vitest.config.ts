import { defineConfig } from "vitest/config"

/** The client's suite is told to the cluster that this names, too; `pnpm client:kafka` can start one. */
const isKafkaNamed = process.env.KAFKA_BOOTSTRAP !== undefined

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "test/{tidy,wire,swarm,client}/**/*.test.ts",
      "test/clients/harness/**/*.test.ts",
      "examples/**/*.test.ts"
    ],
    exclude: ["**/node_modules/**", "test/client/kills/**", ...(isKafkaNamed ? [] : ["test/client/kafka/**"])],
    globalSetup: isKafkaNamed ? ["test/client/kafka/setup.ts"] : [],
    setupFiles: ["examples/quickstart/setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
})
