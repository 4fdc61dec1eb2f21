/**
 * The controllers that found a cluster, as `--initial-controllers` gives them (`ID@HOST:PORT:DIRECTORY_ID`, separated by commas) or
 * `--standalone` makes them of the node itself. Invariant: no id and no directory is there twice. Pure. Kafka:
 * org.apache.kafka.raft.DynamicVoters.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { VoterSet } from "@klamm/raft"
import * as Result from "effect/Result"
import type { InitialQuorum } from "./Format.ts"

export interface InitialController {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly directoryId: string
}

const CONTROLLER = /^([0-9]+)@\[?([^\]@]+?)\]?:([0-9]+):([A-Za-z0-9_-]{22})$/
const PORT_MAX = 65_535
const ID_MAX = 2 ** 31 - 1

const parseOne = (text: string): InitialController | undefined => {
  const [, id = "", host = "", port = "", directoryId = ""] = CONTROLLER.exec(text.trim()) ?? []
  const controller = { id: Number(id), host, port: Number(port), directoryId }
  return id === "" || controller.id > ID_MAX || controller.port > PORT_MAX ? undefined : controller
}

export const parseInitialControllers = (text: string): Result.Result<ReadonlyArray<InitialController>, string> => {
  const controllers: Array<InitialController> = []
  for (const part of text.split(",")) {
    const controller = parseOne(part)
    if (controller === undefined) {
      return Result.fail(
        `--initial-controllers: "${part.trim()}" is not ID@HOST:PORT:DIRECTORY_ID. ` +
          "A directory id is 22 characters, as storage random-uuid prints it."
      )
    }
    if (controllers.some(({ id }) => id === controller.id)) {
      return Result.fail(`--initial-controllers: controller ${controller.id} is there twice.`)
    }
    if (controllers.some(({ directoryId }) => directoryId === controller.directoryId)) {
      return Result.fail(`--initial-controllers: directory ${controller.directoryId} is there twice.`)
    }
    controllers.push(controller)
  }
  return Result.succeed(controllers)
}

/** This node alone, where its controller is reached by others. An empty host is this machine's own name. */
export const standalone = (
  config: StaticConfig,
  directoryId: string,
  machine: string
): InitialController | undefined => {
  const endpoint = config.endpoints.advertisedController[0]
  if (endpoint === undefined) return undefined
  const { host, port } = endpoint
  return { id: config.values["node.id"], host: host === "" ? machine : host, port, directoryId }
}

/** The quorum that these begin, as it is recorded. */
export const quorumOf = (config: StaticConfig, controllers: ReadonlyArray<InitialController>): InitialQuorum => {
  const name = config.endpoints.controllerListenerNames[0] ?? ""
  const voters = controllers.map(({ id, host, port, directoryId }) =>
    VoterSet.voter({ id, directoryId }, [{ name, host, port }])
  )
  const own = controllers.find(({ id }) => id === config.values["node.id"])
  return { voters: VoterSet.of(voters), directoryId: own?.directoryId }
}
