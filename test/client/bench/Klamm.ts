/** Our client, as its users set it up: lots as large as the others take them are what `batchSize` allows. */
import { Consumer, Klamm, Producer, Serde, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Contender } from "./Load.ts"

const topicOf = (name: string) => Topic.make(name, { value: Serde.bytes(Schema.Uint8Array) })
const batchSize = 512 * 1_024

export const klamm: Contender = {
  name: "@klamm/client",
  sender: async ({ bootstrap, topic: name }, isLone) => {
    const runtime = ManagedRuntime.make(Klamm.layer({ bootstrap, producer: isLone ? { lingerMs: 0 } : { batchSize } }))
    const topic = topicOf(name)
    return {
      send: (values) => {
        const records = values.map((value) => ({ value }))
        const [first] = records
        return isLone && first !== undefined
          ? runtime.runPromise(Producer.send(topic, first))
          : runtime.runPromise(Producer.sendMany(topic, records))
      },
      close: () => runtime.dispose()
    }
  },
  read: ({ bootstrap, topic }, joined, seen) => {
    const group = `${topic}-klamm-${process.pid}`
    const options = { group, autoOffsetReset: "earliest", onRebalance: () => Effect.sync(joined) } as const
    return Consumer.stream(topicOf(topic), options).pipe(
      Stream.chunks,
      Stream.takeUntil((records) => seen(records.length)),
      Stream.runDrain,
      Effect.provide(Klamm.layer({ bootstrap })),
      Effect.runPromise
    )
  }
}
