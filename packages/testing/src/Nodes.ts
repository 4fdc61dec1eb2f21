/**
 * Configurations for the nodes of a world: each broker and controller at once, the quorum named by `controller.quorum.voters`, and
 * whatever settings a run wants on top. Neighbour: `SimCluster.ts`.
 */
import { resolve, type StaticConfig } from "@klamm/config/BrokerConfig"
import { developmentPreset, presetLayer, setLayer } from "@klamm/config/Layers"
import { printProblem } from "@klamm/config/Problem"
import { assert } from "@klamm/platform/Invariant"
import * as Result from "effect/Result"
import { clientPort, hostOf } from "./SimCluster.ts"

export const controllerPort = 9_093
export const dataDirectory = "/data"
/** Where logs may lie: in the second where `log.dirs` names it. */
export const dataDirectories: ReadonlyArray<string> = [dataDirectory, "/data2"]
/** Where a replica may lie, such as main-0; for a moment of its move it is in both. */
export const replicaDirectories = (name: string): ReadonlyArray<string> =>
  dataDirectories.map((directory) => `${directory}/${name}`)

export type Settings = Readonly<Record<string, string | number | boolean>>

/** The configuration of a node among those of `nodeIds`; the racks in the nodes' order. */
export const configOf =
  (nodeIds: ReadonlyArray<number>, settings: Settings, racks: ReadonlyArray<string> = []) =>
  (nodeId: number): StaticConfig => {
    const host = hostOf(nodeId)
    const rack = racks[nodeIds.indexOf(nodeId)]
    const own: Settings = {
      "node.id": nodeId,
      listeners: `PLAINTEXT://${host}:${clientPort},CONTROLLER://${host}:${controllerPort}`,
      "controller.quorum.voters": nodeIds.map((id) => `${id}@${hostOf(id)}:${controllerPort}`).join(","),
      "log.dirs": dataDirectory,
      "offsets.topic.replication.factor": Math.min(3, nodeIds.length),
      // Clocks of worlds are hours apart: records stamped by one machine must not be refused by another for good.
      "log.message.timestamp.before.max.ms": Number.MAX_SAFE_INTEGER,
      "log.message.timestamp.after.max.ms": Number.MAX_SAFE_INTEGER,
      ...(rack === undefined ? {} : { "broker.rack": rack }),
      ...settings
    }
    const preset = new Map(developmentPreset())
    preset.delete("controller.quorum.bootstrap.servers")
    const given = Object.entries(own).map(([key, value]) => `${key}=${value}`)
    const resolved = resolve([presetLayer(preset), setLayer(given)])
    const problems = Result.isFailure(resolved) ? resolved.failure.map(printProblem).join("; ") : ""
    assert(Result.isSuccess(resolved), `the configuration of a world's node is right: ${problems}`)
    return resolved.success
  }
