/** Every scenario there is; those that look at shared state run first, in this order. */
import type { Scenario } from "../Scenario.ts"
import { commitScenarios } from "./commits.ts"
import { configScenarios } from "./configs.ts"
import { directoryScenarios } from "./directories.ts"
import { fetchScenarios } from "./fetch.ts"
import { groupAdminScenarios } from "./groupAdmin.ts"
import { groupScenarios } from "./groups.ts"
import { hostileScenarios } from "./hostile.ts"
import { metadataScenarios } from "./metadata.ts"
import { offsetScenarios } from "./offsets.ts"
import { partitionScenarios } from "./partitions.ts"
import { produceScenarios } from "./produce.ts"
import { quorumScenarios } from "./quorum.ts"
import { topicScenarios } from "./topics.ts"
import { wireScenarios } from "./wire.ts"

export const SCENARIOS: ReadonlyArray<Scenario> = [
  ...groupAdminScenarios,
  ...metadataScenarios,
  ...configScenarios,
  ...produceScenarios,
  ...fetchScenarios,
  ...offsetScenarios,
  ...groupScenarios,
  ...commitScenarios,
  ...topicScenarios,
  ...partitionScenarios,
  ...directoryScenarios,
  ...quorumScenarios,
  ...hostileScenarios,
  ...wireScenarios
]
