/** The stories told to Apache Kafka, which lacks nothing. */
import { layer } from "@klamm/client/Klamm"
import { inject } from "vitest"
import { tellAll } from "../src/Telling.ts"

tellAll("Apache Kafka", { cluster: layer({ bootstrap: inject("kafka").bootstrap }), lacking: [] })
