import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "test/{tidy,wire,swarm,client}/**/*.test.ts",
      "examples/**/*.test.ts"
    ],
    exclude: ["**/node_modules/**", "test/client/kills/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
})
