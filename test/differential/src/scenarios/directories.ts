/**
 * Moving replicas between log directories, as far as a broker with one of them shows it: who is there stays, the rest is refused. Neighbours:
 * topics.ts (what DescribeLogDirs tells), steps.ts.
 */

import { batch } from "../Batches.ts"
import { ask, type Context, type Scenario, type Step, scenario } from "../Scenario.ts"
import { stringAt } from "../Value.ts"
import { ALTER_REPLICA_LOG_DIRS, DESCRIBE_LOG_DIRS } from "./keys.ts"
import { fill, topic } from "./steps.ts"

type Places = ReadonlyArray<readonly [alias: string, partitions: ReadonlyArray<number>]>
type Directory = string | ((context: Context) => string)

const own: Directory = (c) => c.text("folder")
const nowhere = "/no/such/folder"
const longName = "x".repeat(249)

/** Names that stand for themselves. */
const plain: ReadonlySet<string> = new Set([longName, ""])

const directory = (path: Directory, places: Places) => (c: Context) => ({
  path: typeof path === "string" ? path : path(c),
  topics: places.map(([alias, partitions]) => ({ name: plain.has(alias) ? alias : c.name(alias), partitions }))
})

const move = (name: string, ...directories: ReadonlyArray<ReturnType<typeof directory>>): Step =>
  ask(name, ALTER_REPLICA_LOG_DIRS, (c) => ({ dirs: directories.map((each) => each(c)) }))

const moving = scenario("log-dirs.move", ALTER_REPLICA_LOG_DIRS, [1, 2], () => [
  ...topic("t", { partitions: 2 }),
  ...topic("u"),
  fill("t", batch({ size: 3 })),
  ask(
    "the folder",
    DESCRIBE_LOG_DIRS,
    { topics: [] },
    { version: 4, setup: true, note: (answer, c) => c.keep("folder", stringAt(answer, "results.0.logDir")) }
  ),
  move("where it is", directory(own, [["t", [0]]])),
  move(
    "several where they are",
    directory(own, [
      ["t", [0, 1]],
      ["u", [0]]
    ])
  ),
  move("nowhere", directory(nowhere, [["t", [0]]])),
  move("no path", directory("", [["t", [0]]])),
  move("a path that does not begin at the root", directory("data", [["t", [0]]])),
  move(
    "the folder with a stroke behind it",
    directory((c) => `${c.text("folder")}/`, [["t", [0]]])
  ),
  move(
    "inside the folder",
    directory((c) => `${c.text("folder")}/inside`, [["t", [0]]])
  ),
  move("an absent topic", directory(own, [["absent", [0]]])),
  move("an absent topic to nowhere", directory(nowhere, [["absent", [0]]])),
  move("an absent partition", directory(own, [["t", [2]]])),
  move("a negative partition", directory(own, [["t", [-1]]])),
  move("a topic without a name", directory(own, [["", [0]]])),
  move("a name too long for a copy", directory(own, [[longName, [0]]])),
  move("a name too long, to nowhere", directory(nowhere, [[longName, [0]]])),
  move(
    "good and bad ones",
    directory(own, [
      ["t", [0, 7]],
      ["absent", [0]]
    ]),
    directory(nowhere, [["u", [0]]])
  ),
  move("one to two places, the last of them wrong", directory(own, [["t", [0]]]), directory(nowhere, [["t", [0]]])),
  move("one to two places, the first of them wrong", directory(nowhere, [["t", [0]]]), directory(own, [["t", [0]]])),
  move("one twice", directory(own, [["t", [0, 0]]])),
  move("no partitions", directory(own, [["t", []]])),
  move("no topics", directory(own, [])),
  move("nothing"),
  ask("it is where it was", DESCRIBE_LOG_DIRS, (c) => ({ topics: [{ topic: c.name("t"), partitions: [0] }] }), {
    version: 4
  })
])

export const directoryScenarios: ReadonlyArray<Scenario> = [moving]
