/**
 * Produce (key 0): splits the request into one append per partition and joins the answers. No rules of the log live here:
 * a batch's own form is `AppendRules`', offsets and acknowledgement are the partition machine's.
 *
 * Invariants: batches stay views of receive memory from the socket to the write, and the frame is released when the last of
 * them has been written or refused; a partition's error never touches another's answer (behaviour 055); acks=0 is never
 * answered, and an error under it closes the connection instead (behaviour 014).
 */
import { Reply } from "@klamm/actor"
import type { Frame } from "@klamm/platform/Network"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as AppendRules from "@klamm/replica/AppendRules"
import type { AppendResult, AppendTicket } from "@klamm/replica/Partition"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import {
  answerWith,
  apiName,
  completed,
  decodeBody,
  type Handler,
  hangup,
  isHangup,
  noAnswer,
  type Outcome
} from "../Handler.ts"
import { LeaderHints } from "../LeaderHints.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Services } from "../Services.ts"

type Request = typeof ProduceRequest.Type
type PartitionAnswer = (typeof ProduceResponse.Input)["responses"][number]["partitionResponses"][number]

/** From this version topics are named by id (KIP-516). */
const topicIdVersion = 13
/** From this version an answer may say who leads instead (KIP-951). */
const leaderHintVersion = 10

interface Refusal {
  readonly errorCode: number
  readonly message: string | null
  readonly recordErrors: ReadonlyArray<{ readonly batchIndex: number; readonly message: string }>
}

const refusal = (errorCode: number): Refusal => ({ errorCode, message: null, recordErrors: [] })

/** Gathers the answers of all partitions, and gives the frame back when no batch of it is needed any more. */
class Join {
  readonly reply = new Reply<Outcome>()
  private readonly topics: Array<ReadonlyArray<Part>> = []
  private held = 1
  private missing = 1
  private failed = false
  private readonly services: Services
  private readonly request: Request
  private readonly frame: Frame
  private readonly context: RequestContext

  constructor(services: Services, request: Request, frame: Frame, context: RequestContext) {
    this.services = services
    this.request = request
    this.frame = frame
    this.context = context
  }

  topic(partitions: ReadonlyArray<{ readonly index: number }>): ReadonlyArray<Part> {
    const parts = partitions.map(({ index }) => new Part(this, index))
    this.topics.push(parts)
    this.missing += parts.length
    return parts
  }

  hold(): void {
    this.held += 1
  }

  release(): void {
    this.held -= 1
    if (this.held === 0) this.frame.release()
  }

  settled(errorCode: number): void {
    if (errorCode !== ErrorCode.NONE) this.failed = true
    this.missing -= 1
    if (this.missing === 0) this.reply.complete(this.outcome())
  }

  private outcome(): Outcome {
    if (this.request.acks === 0) return this.failed ? hangup("an append with acks=0 failed") : noAnswer
    const responses = this.request.topicData.map((topic, index) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitionResponses: this.topics[index]!.map((part) => part.answer!)
    }))
    const asked = responses.filter(({ partitionResponses }) => partitionResponses.length > 0)
    const { apiVersion } = this.context
    const body =
      this.failed && apiVersion >= leaderHintVersion ? this.withHints(asked) : { responses: asked, throttleTimeMs: 0 }
    return answerWith(ProduceResponse, apiVersion, body)
  }

  private withHints(topics: (typeof ProduceResponse.Input)["responses"]): typeof ProduceResponse.Input {
    const hints = new LeaderHints(this.services.cluster(), this.context.listenerName)
    const responses = topics.map((topic) => ({
      ...topic,
      partitionResponses: topic.partitionResponses.map((answer) => {
        const currentLeader = hints.of(answer.errorCode, topic, answer.index)
        return currentLeader === undefined ? answer : { ...answer, currentLeader }
      })
    }))
    return { responses, throttleTimeMs: 0, nodeEndpoints: hints.nodeEndpoints }
  }
}

const refused = (
  index: number,
  { errorCode, message, recordErrors }: Refusal,
  logStartOffset = -1
): PartitionAnswer => ({
  index,
  errorCode,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset,
  recordErrors: recordErrors.map(({ batchIndex, message: text }) => ({ batchIndex, batchIndexErrorMessage: text })),
  errorMessage: message
})

const appended = (index: number, result: AppendResult): PartitionAnswer => ({
  index,
  errorCode: result.errorCode,
  baseOffset: result.baseOffset,
  logAppendTimeMs: result.logAppendTimeMs,
  logStartOffset: result.logStartOffset,
  recordErrors: [],
  errorMessage: null
})

/** One partition's part of a request: its place in the answer, and the ticket of its append. */
class Part implements AppendTicket {
  /** There once it is settled. */
  answer: PartitionAnswer | undefined
  private readonly join: Join
  private readonly index: number

  constructor(join: Join, index: number) {
    this.join = join
    this.index = index
  }

  /** The frame is needed until `release`. */
  hold(): void {
    this.join.hold()
  }

  release(): void {
    this.join.release()
  }

  complete(result: AppendResult): void {
    this.settle(appended(this.index, result))
  }

  refuse(why: Refusal, logStartOffset?: number): void {
    this.settle(refused(this.index, why, logStartOffset))
  }

  private settle(answer: PartitionAnswer): void {
    this.answer = answer
    this.join.settled(answer.errorCode)
  }
}

/** The partition to append to, or why there is none; the checks in Kafka's order. */
const target = (
  services: Services,
  request: Request,
  topic: Request["topicData"][number],
  index: number,
  version: number
): PartitionActor | Refusal => {
  const cluster = services.cluster()
  const found = version >= topicIdVersion ? cluster.topicById(topic.topicId) : cluster.topicByName(topic.name)
  if (found === undefined) {
    const byId = version >= topicIdVersion && topic.topicId !== ZERO
    return refusal(byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (found.partitions[index] === undefined) return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (request.acks !== 0 && request.acks !== 1 && request.acks !== -1) return refusal(ErrorCode.INVALID_REQUIRED_ACKS)
  if (found.isInternal) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION)
  return services.replicas.find(found.id, index) ?? refusal(ErrorCode.NOT_LEADER_OR_FOLLOWER)
}

/** Checks one partition's batch and hands it to its actor, or refuses it with the reason why. */
const append = (
  services: Services,
  request: Request,
  partition: PartitionActor,
  records: Uint8Array | null,
  context: RequestContext,
  part: Part
): void => {
  const checked = AppendRules.check(records, {
    topic: services.topicConfig(partition.topic),
    apiVersion: context.apiVersion,
    transactionalId: request.transactionalId,
    now: context.receivedAtMs,
    decompression: {
      codecs: services.codecs,
      maxBytes: services.config().values["klamm.decompressed.batch.max.bytes"]
    }
  })
  if (checked._tag === "Refused") {
    part.refuse(checked, checked.intact ? partition.log.logStartOffset : -1)
    return
  }
  part.hold()
  const told = partition.actor.tell({
    _tag: "Append",
    request: {
      batch: checked.batch,
      count: checked.count,
      producer: checked.producer,
      maxTimestamp: checked.maxTimestamp,
      acks: request.acks,
      appendTimeMs: context.receivedAtMs,
      deadline: context.receivedMonotonicMs + request.timeoutMs,
      ticket: part
    }
  })
  if (told) return
  part.release()
  part.refuse(refusal(ErrorCode.NOT_LEADER_OR_FOLLOWER))
}

const admit = (services: Services, request: Request, frame: Frame, context: RequestContext): Reply<Outcome> => {
  const join = new Join(services, request, frame, context)
  for (const topic of request.topicData) {
    const parts = join.topic(topic.partitionData)
    topic.partitionData.forEach(({ index, records }, position) => {
      const part = parts[position]!
      const partition = target(services, request, topic, index, context.apiVersion)
      if ("errorCode" in partition) part.refuse(partition)
      else append(services, request, partition, records, context, part)
    })
  }
  join.release()
  join.settled(ErrorCode.NONE)
  return join.reply
}

export const produce = (services: Services): Handler => ({
  key: ProduceRequest.key,
  name: apiName(ProduceRequest),
  minVersion: ProduceRequest.versions.min,
  maxVersion: ProduceRequest.versions.max,
  pipelined: true,
  begin: (reader, frame, context) => {
    const request = decodeBody(ProduceRequest, context.apiVersion, reader)
    if (!isHangup(request)) return admit(services, request, frame, context)
    frame.release()
    return completed(request)
  }
})
