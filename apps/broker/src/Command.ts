/**
 * The command line of `pnpm start`: one node here, or a process for each node of a cluster. Only what is asked for is loaded: the
 * launcher of a cluster has no broker in it.
 */
import manifest from "../package.json" with { type: "json" }
import { quit, wrongUsage } from "./Exit.ts"
import { parseOptions, usage } from "./Options.ts"

const parsed = parseOptions(process.argv.slice(2))
switch (parsed._tag) {
  case "Help":
    process.stdout.write(usage)
    break
  case "Version":
    process.stdout.write(`klamm ${manifest.version}\n`)
    break
  case "Wrong":
    quit(`✗ ${parsed.reason}\n\n${usage}`, wrongUsage)
    break
  case "Run": {
    const { run } = await import("./Daemon.ts")
    const { profile } = parsed.options
    run(parsed.options, profile === undefined ? () => undefined : await (await import("./Profile.ts")).begin(profile))
    break
  }
  case "RunCluster": {
    const { launch } = await import("./Launcher.ts")
    launch(parsed.options)
  }
}
