import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { type Machine, none, Reply, spawn } from "../src/index.ts"

interface State {
  readonly pending: ReadonlyArray<number>
  readonly durable: ReadonlyArray<number>
  readonly syncing: boolean
  readonly deadline: number
}
type Message =
  | { readonly _tag: "Put"; readonly value: number; readonly reply: Reply<number> }
  | { readonly _tag: "Synced"; readonly values: ReadonlyArray<number> }
  | { readonly _tag: "Wake" }
type Out =
  | { readonly _tag: "Sync"; readonly values: ReadonlyArray<number> }
  | { readonly _tag: "Done"; readonly reply: Reply<number>; readonly value: number }

const machine: Machine<State, Message, Out> = {
  wakeAt: (state) => state.deadline,
  step: (state, message, now) => {
    switch (message._tag) {
      case "Put": {
        const done: Out = { _tag: "Done", reply: message.reply, value: message.value }
        if (state.syncing) return [{ ...state, pending: [...state.pending, message.value] }, [done]]
        return [{ ...state, syncing: true, deadline: now + 1000 }, [{ _tag: "Sync", values: [message.value] }, done]]
      }
      case "Synced": {
        const durable = [...state.durable, ...message.values]
        if (state.pending.length === 0) return [{ ...state, durable, syncing: false }, none]
        return [{ ...state, durable, pending: [] }, [{ _tag: "Sync", values: state.pending }]]
      }
      case "Wake":
        return [{ ...state, deadline: now >= state.deadline ? Number.POSITIVE_INFINITY : state.deadline }, none]
    }
  }
}

const initial: State = { pending: [], durable: [], syncing: false, deadline: Number.POSITIVE_INFINITY }

it.effect("what gathers while a slow effect is under way is covered by the next one", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const groups: Array<ReadonlyArray<number>> = []
    const actor = yield* spawn<State, Message, Out, never>({
      machine,
      initial,
      mailboxCapacity: 16,
      wake: { _tag: "Wake" },
      isSlow: (effect) => effect._tag === "Sync",
      perform: (effects) =>
        Effect.sync(() => {
          for (const effect of effects) if (effect._tag === "Done") effect.reply.complete(effect.value)
          return []
        }),
      performSlow: (effect) =>
        Effect.gen(function* () {
          const values = effect._tag === "Sync" ? effect.values : []
          groups.push(values)
          yield* Deferred.await(gate)
          return { _tag: "Synced", values } as const
        }),
      onDefect: () => Effect.void
    })
    const replies = [1, 2, 3].map((value) => {
      const reply = new Reply<number>()
      assert.isTrue(actor.tell({ _tag: "Put", value, reply }))
      return reply
    })
    for (const [index, reply] of replies.entries()) assert.strictEqual(yield* reply.await, index + 1)
    yield* Deferred.succeed(gate, undefined)
    while (actor.state().durable.length < 3) yield* Effect.yieldNow
    assert.deepStrictEqual(groups, [[1], [2, 3]])
    assert.strictEqual(actor.state().deadline, 1000)
    yield* TestClock.adjust(1000)
    assert.strictEqual(actor.state().deadline, Number.POSITIVE_INFINITY)
  })
)

it.effect("a full mailbox refuses, and a defect stops the actor and is told", () =>
  Effect.gen(function* () {
    const told = yield* Deferred.make<string>()
    const actor = yield* spawn<number, number, never, never>({
      machine: {
        wakeAt: () => Number.POSITIVE_INFINITY,
        step: () => {
          throw new Error("broken invariant")
        }
      },
      initial: 0,
      mailboxCapacity: 1,
      wake: 0,
      isSlow: () => false,
      perform: () => Effect.succeed([]),
      performSlow: () => Effect.succeed(0),
      onDefect: () => Effect.asVoid(Deferred.succeed(told, "stopped"))
    })
    assert.isTrue(actor.tell(1))
    assert.isFalse(actor.tell(2))
    assert.strictEqual(yield* Deferred.await(told), "stopped")
    assert.strictEqual(actor.state(), 0)
  })
)
