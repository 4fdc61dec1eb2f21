/**
 * Ride matching with surge prices: riders ask, drivers are free, and an area where more is asked for than there is costs more.
 *
 * Everything is keyed by the area, so that what happens in one area is worked on in order and no driver is given away twice. Prices are
 * an output like any other: a topic, one record per area and change.
 */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Effect, Schedule, Schema } from "effect"

/** Keyed by the area, so that both kinds of an area lie in one partition, in order. */
export const Demand = Topic.make("rides.demand", {
  key: Schema.String,
  value: Schema.Union([
    Schema.TaggedStruct("DriverFree", { driver: Schema.String }),
    Schema.TaggedStruct("RideAsked", { ride: Schema.String })
  ]),
  partitions: 3
})

export const Matches = Topic.make("rides.matches", {
  key: Schema.String,
  value: Schema.Struct({ ride: Schema.String, driver: Schema.String, factor: Schema.Finite })
})

export const Prices = Topic.make("rides.prices", {
  key: Schema.String,
  value: Schema.Struct({ factor: Schema.Finite })
})

/** Up to three times the price: as many times as there are rides asked for over drivers. */
export const surge = (asked: number, drivers: number): number => Math.min(3, Math.max(1, asked / Math.max(1, drivers)))

interface Area {
  readonly free: Array<string>
  readonly waiting: Array<string>
  /** Drivers that were there and rides that were asked for since the last price, with those that were left over from before. */
  drivers: number
  asked: number
  factor: number
}

const emptyArea = (): Area => ({ free: [], waiting: [], drivers: 0, asked: 0, factor: 1 })

/** Sends the new price of each area where it is another one. */
const reprice = (areas: ReadonlyMap<string, Area>) =>
  Effect.forEach(areas, ([name, area]) => {
    const factor = surge(area.asked, area.drivers)
    area.asked = area.waiting.length
    area.drivers = area.free.length
    if (factor === area.factor) return Effect.void
    area.factor = factor
    return Producer.send(Prices, { key: name, value: { factor } })
  })

/** Brings riders and drivers of an area together, and prices every ten seconds. */
export const dispatch = Effect.suspend(() => {
  const areas = new Map<string, Area>()
  const matching = Consumer.forEach(
    Demand,
    { group: "dispatch", autoOffsetReset: "earliest", concurrency: "key" },
    ({ key, value }) => {
      const area = areas.get(key) ?? emptyArea()
      areas.set(key, area)
      if (value._tag === "DriverFree") {
        area.free.push(value.driver)
        area.drivers++
      } else {
        area.waiting.push(value.ride)
        area.asked++
      }
      if (area.free.length === 0 || area.waiting.length === 0) return Effect.void
      const [driver, ride] = [area.free.shift()!, area.waiting.shift()!]
      return Producer.send(Matches, { key, value: { ride, driver, factor: area.factor } })
    }
  )
  const pricing = Effect.repeat(reprice(areas), Schedule.spaced("10 seconds"))
  return Effect.all([matching, pricing], { concurrency: "unbounded" })
})
