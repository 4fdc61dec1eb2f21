import { assert, describe, it } from "vitest"
import {
  type Answered,
  type Decider,
  type DeciderMessage,
  type DeciderOut,
  deciderMachine,
  standby
} from "../src/index.ts"

/** A counter: `add` is a record, `many` three, `peek` and `where` none, `note` is soft state. */
type Command = "add" | "many" | "peek" | "where" | "note"
interface Counter {
  readonly sum: number
  readonly notes: number
}
type Reply = number
const decider: Decider<Counter, Command, number, Reply> = {
  decide: (state, command, _, nextOffset) => {
    if (command === "where") return { records: [], reply: nextOffset }
    if (command === "many") return { records: [1, 1, 1], reply: nextOffset }
    if (command === "add") return { records: [1], reply: state.sum + 1 }
    if (command === "note") return { records: [], reply: 0, note: (now) => ({ ...now, notes: now.notes + 1 }) }
    return { records: [], reply: state.sum }
  },
  replay: (state, records) => ({ ...state, sum: records.reduce((sum, record) => sum + record, state.sum) }),
  wakeAt: () => Number.POSITIVE_INFINITY,
  onWake: () => "peek"
}
const machine = deciderMachine(decider, 3)
type Message = DeciderMessage<Counter, Command, number, Reply>
type Out = DeciderOut<Counter, number, Reply>

const dialogue = () => {
  let state = standby<Counter, Reply>({ sum: 0, notes: 0 })
  const answers: Array<string> = []
  const say = (message: Message): ReadonlyArray<Out> => {
    const [next, out] = machine.step(state, message, 0)
    state = next
    for (const effect of out) if (effect._tag === "Answer") effect.complete(effect.answer)
    return out
  }
  const submit = (name: string, command: Command) =>
    say({
      _tag: "Submit",
      command,
      complete: (answer: Answered<Reply>) => {
        answers.push(`${name}:${answer._tag === "Done" ? `${answer.reply}@${answer.offset}` : answer._tag}`)
      }
    })
  const appended = (out: ReadonlyArray<Out>, lastOffset: number) => {
    for (const effect of out) {
      if (effect._tag !== "Append") continue
      const { epoch, records, reply, complete } = effect
      say({ _tag: "Appended", epoch, lastOffset, count: records.length, reply, complete })
    }
  }
  return { say, submit, appended, answers, state: () => state }
}

describe("a decider as a machine", () => {
  it("decides nothing on standby", () => {
    const { submit, answers } = dialogue()
    submit("a", "add")
    assert.deepStrictEqual(answers, ["a:NotActive"])
  })

  it("decides on its own undecided records, and answers in order once they are committed", () => {
    const { say, submit, appended, answers, state } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    const first = submit("a", "add")
    const second = submit("b", "add")
    const third = submit("c", "peek")
    assert.deepStrictEqual(answers, [])
    appended(first, 10)
    appended(second, 11)
    appended(third, -1)
    say({ _tag: "Committed", offset: 10, records: [1] })
    assert.deepStrictEqual(answers, ["a:1@10"])
    say({ _tag: "Committed", offset: 11, records: [1] })
    assert.deepStrictEqual(answers, ["a:1@10", "b:2@11", "c:2@11"])
    assert.strictEqual(state().committed.sum, 2)
  })

  it("answers at once what rests on committed state alone, and keeps soft state off the log", () => {
    const { say, submit, answers, state } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    submit("a", "note")
    submit("b", "peek")
    assert.deepStrictEqual(answers, ["a:0@-1", "b:0@-1"])
    assert.deepStrictEqual([state().latest.notes, state().committed.notes], [1, 0])
  })

  it("a commit that comes before its append is told releases the reply all the same", () => {
    const { say, submit, appended, answers } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    const first = submit("a", "add")
    say({ _tag: "Committed", offset: 10, records: [1] })
    appended(first, 10)
    assert.deepStrictEqual(answers, ["a:1@10"])
  })

  it("losing the leadership drops back to the committed state and answers what waits", () => {
    const { say, submit, appended, answers, state } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    appended(submit("a", "add"), 10)
    say({ _tag: "Resigned" })
    assert.deepStrictEqual(answers, ["a:NotActive"])
    assert.strictEqual(state().latest.sum, 0)
  })

  it("never parks more than its limit", () => {
    const { say, submit, answers } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    for (const name of ["a", "b", "c", "d"]) submit(name, "add")
    assert.deepStrictEqual(answers, ["d:Busy"])
  })

  it("tells each decision where its records will be in the log, whatever is still on its way there", () => {
    const { say, submit, appended, answers } = dialogue()
    say({ _tag: "Committed", offset: 4, records: [] })
    say({ _tag: "Led", epoch: 1 })
    const first = submit("a", "many")
    const second = submit("b", "many")
    appended(first, 7)
    appended(second, 10)
    say({ _tag: "Committed", offset: 7, records: [1, 1, 1] })
    say({ _tag: "Committed", offset: 10, records: [1, 1, 1] })
    submit("c", "where")
    assert.deepStrictEqual(answers, ["a:5@7", "b:8@10", "c:11@10"])
  })

  it("what was decided under a leadership that is over answers nobody as done, and ends no later one", () => {
    const { say, submit, appended, answers, state } = dialogue()
    say({ _tag: "Led", epoch: 1 })
    const first = submit("a", "add")
    const second = submit("b", "add")
    say({ _tag: "Resigned" })
    say({ _tag: "Led", epoch: 2 })
    appended(first, 10)
    for (const effect of second) {
      if (effect._tag === "Append") say({ _tag: "AppendRefused", epoch: effect.epoch, complete: effect.complete })
    }
    say({ _tag: "Committed", offset: 10, records: [] })
    assert.deepStrictEqual(answers, ["a:NotActive", "b:NotActive"])
    appended(submit("c", "add"), 11)
    say({ _tag: "Committed", offset: 11, records: [1] })
    assert.deepStrictEqual(answers.slice(2), ["c:1@11"])
    assert.strictEqual(state().committed.sum, 1)
  })

  it("decides nothing when it wakes at a deadline that was put off", () => {
    const decided: Array<number> = []
    const waking = deciderMachine<number, "late", number, number>(
      {
        decide: (state, _, now) => {
          decided.push(now)
          return { records: [], reply: state }
        },
        replay: (state) => state,
        wakeAt: (state) => state,
        onWake: () => "late"
      },
      3
    )
    const [led] = waking.step(standby<number, number>(100), { _tag: "Led", epoch: 1 }, 0)
    const [early] = waking.step(led, { _tag: "Wake" }, 99)
    assert.deepStrictEqual(decided, [])
    waking.step(early, { _tag: "Wake" }, 100)
    assert.deepStrictEqual(decided, [100])
  })
})
