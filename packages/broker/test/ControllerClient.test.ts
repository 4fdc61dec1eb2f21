/** What a broker says of the way to the active controller: what is wrong, and that it is well again, each once. */
import { ChannelError } from "@klamm/channel"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { expect, test } from "vitest"
import * as ControllerClient from "../src/ControllerClient.ts"

const address = "two:9093"
const endpoint = { host: "two", port: 9_093 }
const failed = (reason: ChannelError["reason"]) => Effect.fail(new ChannelError({ reason, address }))

test("a controller that can't be reached is logged once, not with each try, and so is the first that answers", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => lines.push(`${logLevel}: ${String(message)}`))
      const answers = [failed("Refused"), failed("Refused"), failed("TimedOut"), failed("TimedOut")]
      const client = ControllerClient.make({
        nodeId: 1,
        node: {
          submit: () => Effect.die("this node leads nothing"),
          raft: { leader: () => ({ id: 2, epoch: 1, endpoint }) }
        },
        remote: () => answers.shift() ?? Effect.succeed({ _tag: "NotActive" }),
        awaitOffset: () => Effect.void
      })
      const command = { _tag: "BrokerLost", brokerId: 3, brokerEpoch: 1 } as const
      expect(yield* Effect.provide(client.ask(command, 200), Logger.layer([logger]))).toBeUndefined()
      expect(answers).toEqual([])
      expect(lines).toEqual([
        "Warn: the active controller could not be asked: two:9093: Refused",
        "Warn: the active controller could not be asked: two:9093: TimedOut",
        "Info: the controller 2 answers"
      ])
    })
  ))
