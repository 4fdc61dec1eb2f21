import { join } from "node:path"
import { defineConfig } from "vitest/config"

/**
 * `pnpm client:kafka`: the client's suite against the cluster that KAFKA_BOOTSTRAP names, or against an Apache Kafka that is started for
 * it by the script that KAFKA_REFERENCE names, with TLS and SASL then too.
 */
export default defineConfig({
  test: {
    root: join(import.meta.dirname, "../../.."),
    include: ["test/client/kafka/*.test.ts"],
    globalSetup: ["test/client/kafka/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 90_000,
    fileParallelism: false
  }
})
