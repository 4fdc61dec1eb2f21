/** What a world's network does with the connections of the dead. What every network does is asked in `conformance.test.ts`. */
import type { Connection } from "@klamm/platform/Network"
import { SimNetwork } from "@klamm/testing/SimNetwork"
import { World } from "@klamm/testing/World"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { assert, describe, it } from "vitest"
import {
  frame,
  MiB,
  optionsWith,
  poisonedArena,
  readFrames,
  reasonOf
} from "../../packages/platform/test/support/network.ts"

const address = { host: "there", port: 9092 }

/** One process connects to another and is killed at some moment of what it does then; how the other's reading ends. */
const killed = (seed: number, doing: (connection: Connection) => Effect.Effect<void>): string => {
  const world = new World({ seed })
  const wire = world.process(world.machine("wire"), "wire")
  const after = (delayMs: number, run: () => void) => world.after(wire, delayMs, run)
  const network = new SimNetwork({ nowMs: () => world.nowMs, after }, world.chance)
  const dying = world.process(world.machine("here"), "here")
  const other = world.process(world.machine(address.host), address.host)
  const options = optionsWith(poisonedArena(MiB))
  const heard = Deferred.makeUnsafe<string>()
  const listen = network
    .mount(address.host, other)
    .listen(address, options, (connection) =>
      Effect.flatMap(reasonOf(Effect.forever(readFrames(connection, 1))), (reason) => Deferred.succeed(heard, reason))
    )
  other.run(Effect.scoped(Effect.andThen(Effect.orDie(listen), Effect.never)), () => undefined)
  const kill = () => {
    dying.kill()
    network.crash(dying)
  }
  const use = Effect.flatMap(Effect.orDie(network.mount("here", dying).connect(address, options)), (connection) => {
    world.after(wire, world.chance.between(0, 2), kill)
    return Effect.andThen(doing(connection), Effect.never)
  })
  dying.run(Effect.andThen(Effect.sleep(10), Effect.scoped(use)), () => undefined)
  const outcome = world.run(Effect.timeoutOption(Deferred.await(heard), "5 seconds"))
  assert.isTrue(Exit.isSuccess(outcome))
  return Exit.isSuccess(outcome) && outcome.value._tag === "Some" ? outcome.value.value : "never"
}

const moments = Array.from({ length: 50 }, (_, seed) => seed)

describe("a world's network", () => {
  it("tells the peer of a process that dies with an open connection", () => {
    for (const seed of moments) {
      const outcome = killed(seed, (connection) => Effect.orDie(connection.write([frame(100)])))
      assert.strictEqual(outcome, "Closed", `seed ${seed}`)
    }
  })

  it("tells the peer of a process that dies when it has closed the connection, for its kernel lives", () => {
    for (const seed of moments) {
      const outcome = killed(seed, (connection) =>
        Effect.andThen(Effect.orDie(connection.write([frame(100)])), connection.close)
      )
      assert.strictEqual(outcome, "Closed", `seed ${seed}`)
    }
  })
})
