/** kafka-consumer-groups and kafka-groups on a group with a live member and on one without. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Check, createTopic, type Kit, prints, produceLines, refused, startTool, works } from "./Tool.ts"

const TOOL = "kafka-consumer-groups"
const TOPIC = "tools-grouped"
const GROUP = "tools-idle"
const RECORDS = ["one", "two", "three", "four"]

const withMember = async (kit: Kit): Promise<void> => {
  const of = (...args: Array<string>): Array<string> => [...kit.at, "--describe", "--group", "tools-live", ...args]
  const member = startTool(kit, "kafka-verifiable-consumer", [...kit.at, "--topic", TOPIC, "--group-id", "tools-live"])
  try {
    await member.printed(/"name":"offsets_committed"/)
    await works(kit, TOOL, [...kit.at, "--list", "--state", "stable"], [/^tools-live +Stable/m])
    await works(kit, TOOL, of(), [
      /^tools-live +tools-grouped +0 +4 +4 +0 +consumer-tools-live-1-\S+ \/\S+ +consumer-tools-live-1/m
    ])
    await works(kit, TOOL, of("--members", "--verbose"), [
      /^tools-live +consumer-tools-live-1-\S+ .* 1 .* tools-grouped:0 /m
    ])
    await works(kit, TOOL, of("--members"), [
      /^tools-live +consumer-tools-live-1-\S+ +\S+ +consumer-tools-live-1 +1 *$/m
    ])
    const coordinator = kit.address.replaceAll(".", "\\.")
    await works(kit, TOOL, of("--state"), [new RegExp(`^tools-live +${coordinator} +\\(1\\) +range +Stable +1$`, "m")])
    await refused(
      kit,
      TOOL,
      [...kit.at, "--group", "tools-live", "--reset-offsets", "--to-earliest", "--topic", TOPIC, "--execute"],
      [/can only be reset if the group 'tools-live' is inactive, but the current state is Stable/]
    )
    await refused(kit, TOOL, [...kit.at, "--delete", "--group", "tools-live"], [/GroupNotEmptyException/])
  } finally {
    member.stop("SIGTERM")
  }
  const { output } = await member.ended
  if (!output.includes('"name":"shutdown_complete"')) throw new Error(`the member did not end well:\n${output}`)
  await works(kit, TOOL, [...kit.at, "--describe", "--group", "tools-live", "--state"], [/^tools-live .* Empty +0$/m])
}

/** Every strategy of --reset-offsets, with the offset of the only partition that it leads to. */
const STRATEGIES: ReadonlyArray<readonly [ReadonlyArray<string>, number]> = [
  [["--to-earliest"], 0],
  [["--to-latest"], 4],
  [["--shift-by", "-1"], 3],
  [["--to-offset", "2"], 2],
  [["--to-datetime", "2023-01-01T00:00:00.000"], 0],
  [["--to-current"], 0],
  [["--shift-by", "3"], 3],
  [["--by-duration", "P1D"], 0]
]

const resets = async (kit: Kit): Promise<void> => {
  const reset = [...kit.at, "--group", GROUP, "--reset-offsets"]
  const at = (offset: number): RegExp => new RegExp(`^${GROUP} +${TOPIC} +0 +${offset} *$`, "m")
  await works(kit, TOOL, [...reset, "--to-earliest", "--all-topics", "--dry-run"], [at(0)])
  await works(kit, TOOL, [...kit.at, "--describe", "--group", GROUP], [/tools-grouped +0 +4 +4 +0 /])
  for (const [strategy, offset] of STRATEGIES) {
    await works(kit, TOOL, [...reset, ...strategy, "--topic", TOPIC, "--execute"], [at(offset)])
  }
  const file = join(kit.folder, "offsets.csv")
  await writeFile(file, `${TOPIC},0,1\n`)
  await works(kit, TOOL, [...reset, "--from-file", file, "--execute"], [at(1)])
  await works(
    kit,
    TOOL,
    [...reset, "--to-current", "--topic", TOPIC, "--dry-run", "--export"],
    [/^tools-grouped,0,1$/m]
  )
  await works(kit, TOOL, [...kit.at, "--describe", "--group", GROUP], [/tools-grouped +0 +1 +4 +3 /])
}

const groups: Check = {
  name: TOOL,
  run: async (kit) => {
    await createTopic(kit, TOPIC)
    await produceLines(kit, TOPIC, RECORDS)
    const reader = ["--topic", TOPIC, "--group", GROUP, "--from-beginning", "--max-messages", "4"]
    await works(kit, "kafka-console-consumer", [...kit.at, ...reader], [/^one\ntwo\nthree\nfour\n/m])
    await withMember(kit)
    await works(kit, TOOL, [...kit.at, "--list"], [/^tools-idle$/m, /^tools-live$/m])
    await works(kit, TOOL, [...kit.at, "--list", "--type", "classic"], [/^tools-idle +Classic/m])
    await works(kit, TOOL, [...kit.at, "--describe", "--all-groups", "--state"], [/^tools-idle .* Empty +0$/m])
    await refused(kit, TOOL, [...kit.at, "--describe", "--group", "tools-none"], [/GroupIdNotFoundException/])
    await resets(kit)
    await works(
      kit,
      TOOL,
      [...kit.at, "--delete-offsets", "--group", GROUP, "--topic", TOPIC],
      [/^tools-grouped +0 +Successful/m]
    )
    await refused(kit, TOOL, [...kit.at, "--delete", "--group", "tools-none"], [/GroupIdNotFoundException/])
    await works(kit, TOOL, [...kit.at, "--delete", "--group", "tools-live"], [/'tools-live'\) was successful/])
    await refused(kit, TOOL, [...kit.at, "--describe", "--group", "tools-live"], [/GroupIdNotFoundException/])
  }
}

/** A group of its own that never had a member: only offsets, which a reset leaves. */
const anyGroups: Check = {
  name: "kafka-groups",
  run: async (kit) => {
    await createTopic(kit, "tools-listed")
    await produceLines(kit, "tools-listed", ["one"])
    const reset = [
      "--group",
      "tools-simple",
      "--reset-offsets",
      "--to-earliest",
      "--topic",
      "tools-listed",
      "--execute"
    ]
    await works(kit, TOOL, [...kit.at, ...reset], [/^tools-simple +tools-listed +0 +0 *$/m])
    await works(kit, "kafka-groups", [...kit.at, "--list"], [/^GROUP +TYPE +PROTOCOL/m, /^tools-simple +Classic/m])
    const end = ["--group", "tools-simple", "--delete"]
    await works(kit, TOOL, [...kit.at, ...end], [/was successful/])
    await prints(kit, "kafka-get-offsets", [...kit.at, "--topic", "tools-listed"], ["tools-listed:0:1"])
  }
}

export const GROUP_CHECKS: ReadonlyArray<Check> = [groups, anyGroups]
