import { effective, noOverrides, resolve } from "@klamm/config/BrokerConfig"
import { developmentPreset, presetLayer, setLayer } from "@klamm/config/Layers"
import * as Result from "effect/Result"
import { expect, it } from "vitest"
import { fetchSettings } from "../src/ReplicaPorts.ts"
import { rackAwareSelector } from "../src/ReplicaSelector.ts"

const servesConsumers = (settings: ReadonlyArray<string>): boolean => {
  const config = Result.getOrThrow(resolve([presetLayer(developmentPreset()), setLayer(settings)]))
  return fetchSettings(effective(config, noOverrides, noOverrides)).servesConsumers
}

it("followers ask for each move of the high watermark only where consumers may read from them", () => {
  expect(servesConsumers([])).toBe(false)
  expect(servesConsumers([`replica.selector.class=${rackAwareSelector}`])).toBe(true)
  expect(servesConsumers(["replica.selector.class=org.example.Other"])).toBe(false)
})
