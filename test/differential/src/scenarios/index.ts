/** Every scenario there is; those that look at shared state run first, in this order. */
import type { Scenario } from "../Scenario.ts"
import { fetchScenarios } from "./fetch.ts"
import { offsetScenarios } from "./offsets.ts"
import { produceScenarios } from "./produce.ts"

export const SCENARIOS: ReadonlyArray<Scenario> = [...produceScenarios, ...fetchScenarios, ...offsetScenarios]
