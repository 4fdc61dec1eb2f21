/** One measurement of one client in a process of its own, told by its arguments; prints the figures as JSON. Started by `main.ts`. */
import { kafkajs } from "./Kafkajs.ts"
import { klamm } from "./Klamm.ts"
import {
  type Contender,
  type Figures,
  type Lots,
  lotsOf,
  type Measure,
  type Place,
  recordBytesOf,
  type Sender,
  valuesOf
} from "./Load.ts"
import { platformatic } from "./Platformatic.ts"

/** Lots and single records before the clock runs: the code is hot then, and the connections are there. */
const warmLots = 20
const warmSingles = 300

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const seconds = (): number => performance.now() / 1_000

const sendAll = async (sender: Sender, values: ReadonlyArray<Buffer>, lots: number, atOnce: number): Promise<void> => {
  let left = lots
  const line = async (): Promise<void> => {
    while (left-- > 0) await sender.send(values)
  }
  await Promise.all(Array.from({ length: atOnce }, line))
}

const produce = async (
  contender: Contender,
  place: Place,
  { recordBytes, perLot, lots, atOnce }: Lots
): Promise<Figures> => {
  const sender = await contender.sender(place, false)
  const values = valuesOf(perLot, recordBytes)
  await sendAll(sender, values, warmLots, atOnce)
  const megabytes = (lots * perLot * recordBytes) / 1e6
  const [from, cpuFrom] = [seconds(), cpuMs()]
  await sendAll(sender, values, lots, atOnce)
  const [took, cpu] = [seconds() - from, cpuMs() - cpuFrom]
  await sender.close()
  return { mbPerSecond: megabytes / took, cpuMs: cpu / megabytes }
}

const timesOf = (took: ReadonlyArray<number>, cpu: number): Figures => {
  const sorted = took.toSorted((left, right) => left - right)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), cpuMs: cpu / took.length }
}

const latency = async (contender: Contender, place: Place, count: number): Promise<Figures> => {
  const sender = await contender.sender(place, true)
  const values = valuesOf(1, recordBytesOf("one at a time"))
  for (let index = 0; index < warmSingles; index++) await sender.send(values)
  const took: Array<number> = []
  const cpuFrom = cpuMs()
  for (let index = 0; index < count; index++) {
    const from = performance.now()
    await sender.send(values)
    took.push(performance.now() - from)
  }
  const cpu = cpuMs() - cpuFrom
  await sender.close()
  return timesOf(took, cpu)
}

/** From the sending of a record until a member of a group has read it; the next is sent then. */
const arrival = async (contender: Contender, place: Place, count: number): Promise<Figures> => {
  const sender = await contender.sender(place, true)
  const values = valuesOf(1, recordBytesOf("until it is read"))
  const all = warmSingles + count
  const took: Array<number> = []
  let [sent, read, sentAt, cpuFrom] = [0, 0, 0, 0]
  let failure: unknown
  const next = (): void => {
    if (sent === warmSingles) cpuFrom = cpuMs()
    sent += 1
    sentAt = performance.now()
    sender.send(values).catch((cause) => {
      failure = cause
    })
  }
  await contender.read(
    place,
    () => {
      if (sent === 0) next()
    },
    (records) => {
      if (failure !== undefined) throw failure
      read += records
      if (read < sent) return false
      if (sent > warmSingles) took.push(performance.now() - sentAt)
      if (sent < all) next()
      return took.length === count
    }
  )
  const cpu = cpuMs() - cpuFrom
  await sender.close()
  return timesOf(took, cpu)
}

/** From when the member has its partitions: joining the group is no part of it. */
const consume = async (contender: Contender, place: Place, { recordBytes, perLot, lots }: Lots): Promise<Figures> => {
  const total = perLot * lots
  const clock = { from: 0, until: 0, cpuFrom: 0, cpuUntil: 0 }
  let all = 0
  const joined = (): void => {
    if (clock.from > 0) return
    clock.from = seconds()
    clock.cpuFrom = cpuMs()
  }
  await contender.read(place, joined, (records) => {
    all += records
    if (all < total) return false
    clock.until = seconds()
    clock.cpuUntil = cpuMs()
    return true
  })
  if (clock.from === 0) throw new Error(`${contender.name} never said that it had joined`)
  const megabytes = (total * recordBytes) / 1e6
  return {
    mbPerSecond: megabytes / (clock.until - clock.from),
    cpuMs: (clock.cpuUntil - clock.cpuFrom) / megabytes
  }
}

const [, , name = "", measure = "", bootstrap = "", topic = "", amount = ""] = process.argv
const contender = [klamm, kafkajs, platformatic].find((each) => each.name === name)
if (contender === undefined) throw new Error(`no client ${name}`)
const place = { bootstrap, topic }
const lots = lotsOf(recordBytesOf(measure as Measure), Number(amount))
const figures = measure.startsWith("produce")
  ? await produce(contender, place, lots)
  : measure.startsWith("consume")
    ? await consume(contender, place, lots)
    : await (measure === "until it is read" ? arrival : latency)(contender, place, Number(amount))
console.log(JSON.stringify(figures))
process.exit(0)
