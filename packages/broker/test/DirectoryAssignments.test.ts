/** What a broker tells of its directories, and when. */
import { assert, it } from "@effect/vitest"
import type { Command, Replies } from "@klamm/controller"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ControllerClient } from "../src/ControllerClient.ts"
import * as DirectoryAssignments from "../src/DirectoryAssignments.ts"

it.live("a directory is being left until the controller has taken it that its replica has moved", () =>
  Effect.gen(function* () {
    const taken = yield* Deferred.make<void>()
    const asked: Array<Command["_tag"]> = []
    const controller: ControllerClient = {
      ask: <C extends Command>({ _tag }: C) => {
        asked.push(_tag)
        const reply: Partial<Replies> = { AssignReplicasToDirs: { errorCode: ErrorCode.NONE, directories: [] } }
        return Effect.as(Deferred.await(taken), reply[_tag as C["_tag"]])
      }
    }
    const assignments = yield* DirectoryAssignments.make(controller, { id: 1, epoch: () => 7 })
    assignments.assign("topic", 0, "first")
    assert.isFalse(assignments.isBeingLeft("first"), "nothing is moved out of the directory that a replica gets first")
    assignments.assign("topic", 1, "second", "first")
    yield* Effect.yieldNow
    assert.deepStrictEqual(asked, ["AssignReplicasToDirs"])
    assert.deepStrictEqual([assignments.isBeingLeft("first"), assignments.isBeingLeft("second")], [true, false])
    const directories = ["first", "second", "third"].map((directoryId) => ({
      failed: directoryId !== "third",
      log: { directoryId }
    }))
    const offline = () => DirectoryAssignments.offlineLogDirs(directories, assignments)
    assert.deepStrictEqual(offline(), ["second"])
    yield* Deferred.succeed(taken, undefined)
    while (assignments.isBeingLeft("first")) yield* Effect.yieldNow
    assert.deepStrictEqual(offline(), ["first", "second"])
  }).pipe(Effect.scoped)
)
