/**
 * The controllers that found a cluster, as `--initial-controllers` gives them: `ID@HOST:PORT:DIRECTORY_ID`, separated by commas.
 * Invariant: no id and no directory is there twice. Pure. Kafka: org.apache.kafka.raft.DynamicVoters.
 */
import * as Result from "effect/Result"

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
