/**
 * confluent-kafka for Python (librdkafka): the scenarios are in scenarios.py, which is given an address and a name and fails
 * with what went wrong. Neighbours: harness/Installed.ts, harness/Scenario.ts (the list), clients.test.ts.
 */
import { join } from "node:path"
import { output, PYTHON } from "../../harness/Installed.ts"
import type { Place, Script, Suite } from "../../harness/Scenario.ts"

const SCRIPT = join(import.meta.dirname, "scenarios.py")

const run =
  (name: string): Script =>
  async (place: Place) => {
    await output(PYTHON, [SCRIPT, place.bootstrap, name])
  }

export const suite: Suite = {
  "creates, lists and deletes topics": run("topics"),
  "adds partitions": run("partitions"),
  "describes and alters configs": run("configs"),
  "produces with every acks": run("acks"),
  "produces with every codec": run("codecs"),
  "keeps keys, headers, null values and timestamps": run("contents"),
  "produces idempotently": run("idempotence"),
  "consumes from an offset": run("from_offset"),
  "finds offsets by time": run("by_time"),
  "shares a group's partitions and rebalances": run("rebalance"),
  "commits, resumes and resets offsets": run("commits"),
  "deletes records": run("delete_records"),
  "lists, describes and deletes groups": run("groups"),
  "gets the errors it can act on": run("errors")
}
