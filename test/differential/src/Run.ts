/**
 * Plays one scenario at one version against one broker and writes down what came back, step by step. Invariant: it always
 * ends, each step having an outcome: an answer, `closed`, `no answer within N ms`, or why it could not be asked; and it
 * leaves no connection open. Neighbours: Scenario.ts, Matrix.ts (plays them all), Compare.ts.
 */
import { type Fields, flatten, type StepResult } from "./Compare.ts"
import { type Names, normalise } from "./Normalise.ts"
import type { Ask, Context, Scenario, Step, Take, Throw } from "./Scenario.ts"
import { decodeAnswer, requestBytes } from "./Tables.ts"
import { type Struct, structOf } from "./Value.ts"
import { type FrameOutcome, framed, Wire } from "./Wire.ts"

/** A broker that is asked. */
export interface Target {
  readonly address: string
  readonly nodeId: number
  readonly clusterId: string
  /** Own folders and the like, with what stands for them. */
  readonly texts: ReadonlyMap<string, string>
  /** Ports of the other nodes, with what stands for them; none where it is alone. */
  readonly ports?: ReadonlyMap<number, string>
}

/**
 * How long an answer may take before it counts as none, and how long a setup step is asked again: far beyond what a busy
 * machine's disk stalls for. Steps that expect no answer say themselves how long they listen.
 */
const ANSWER_WITHIN_MS = 15_000
const SETTLED_WITHIN_MS = 30_000
const ASK_AGAIN_AFTER_MS = 40
/** An answer is `waited for` when it took at least this part of the announced time. */
const WAITED_FROM = 0.7

class NeverCaptured extends Error {}

interface Sent {
  readonly wire: Wire
  readonly api: number
  readonly version: number
  readonly correlationId: number
  readonly at: number
}

interface Heard {
  readonly outcome: string
  readonly answer: Struct | undefined
  readonly left: number
  readonly tookMs: number
}

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

const slug = (scenario: Scenario, version: number): string => `${scenario.name.replaceAll(".", "-")}-v${version}`

class Play implements Context {
  readonly version: number
  readonly nodeId: number
  private readonly target: Target
  private readonly stem: string
  private readonly names: Names
  private readonly kept = new Map<string, number | string>()
  private readonly wires = new Map<string, Wire>()
  private readonly held = new Map<string, { readonly ask: Ask; readonly sent: Sent }>()
  private correlationId = 0

  constructor(target: Target, scenario: Scenario, version: number, run: string) {
    this.target = target
    this.version = version
    this.nodeId = target.nodeId
    this.stem = `${slug(scenario, version)}${run}`
    const [host, port] = target.address.split(":")
    this.names = {
      nodeId: target.nodeId,
      host: host!,
      port: Number(port),
      ports: target.ports ?? new Map(),
      texts: new Map([...target.texts, [`-${this.stem}`, ""], [target.address, "<host>:<port>"]]),
      producers: new Map(),
      sessions: new Map()
    }
  }

  name(alias: string): string {
    return `${alias}-${this.stem}`
  }

  private captured(what: string): number | string {
    const value = this.kept.get(what)
    if (value === undefined) throw new NeverCaptured(what)
    return value
  }

  number(what: string): number {
    return Number(this.captured(what))
  }

  text(what: string): string {
    return String(this.captured(what))
  }

  keep(what: string, value: number | string): void {
    this.kept.set(what, value)
    if (what.startsWith("id of ") && typeof value === "string") this.names.texts.set(value, `<${what}>`)
  }

  topicId(alias: string): string {
    return this.text(`id of ${alias}`)
  }

  private async wire(on: string): Promise<Wire> {
    const open = this.wires.get(on)
    if (open !== undefined && !open.closed) return open
    const made = await Wire.open(this.target.address)
    this.wires.set(on, made)
    return made
  }

  private async send(ask: Ask): Promise<Sent> {
    const on = ask.on ?? "main"
    const wire = await this.wire(on)
    const version = ask.version ?? this.version
    const correlationId = ask.correlationId ?? ++this.correlationId
    const frame = requestBytes({
      api: ask.api,
      version,
      correlationId,
      clientId: ask.clientId === undefined ? on : ask.clientId,
      body: ask.request(this),
      headerTags: ask.headerTags ?? [],
      writeAs: ask.writeAs ?? version
    })
    wire.send(framed(ask.mangle === undefined ? frame : ask.mangle(frame)))
    return { wire, api: ask.api, version: ask.answerVersion ?? version, correlationId, at: performance.now() }
  }

  private hear(sent: Sent, got: FrameOutcome): Heard {
    const tookMs = performance.now() - sent.at
    if (got.kind === "closed") return { outcome: "closed", answer: undefined, left: 0, tookMs }
    if (got.kind === "silent") {
      sent.wire.close()
      return { outcome: `no answer within ${got.ms} ms`, answer: undefined, left: 0, tookMs }
    }
    const decoded = decodeAnswer(sent.api, sent.version, sent.correlationId, got.bytes)
    if (decoded.kind === "undecodable") {
      return { outcome: `undecodable: ${decoded.why}`, answer: undefined, left: 0, tookMs }
    }
    return { outcome: "answer", answer: decoded.answer, left: decoded.left, tookMs }
  }

  private fields(heard: Heard, { waitsMs, outcomeOnly }: Ask): Fields {
    const fields = new Map<string, string>([["outcome", heard.outcome]])
    if (heard.left > 0) fields.set("bytes behind the answer", String(heard.left))
    if (waitsMs !== undefined) fields.set("waited", String(heard.tookMs >= waitsMs * WAITED_FROM))
    if (heard.answer !== undefined && outcomeOnly !== true) {
      for (const [path, value] of flatten(normalise("", heard.answer, this.names))) fields.set(path, value)
    }
    return fields
  }

  /** Asks once, or again and again until the answer is the wanted one or the time is up. */
  private async ask(ask: Ask): Promise<Heard> {
    const deadline = performance.now() + SETTLED_WITHIN_MS
    for (;;) {
      const sent = await this.send(ask)
      const heard = this.hear(sent, await sent.wire.next(ask.withinMs ?? ANSWER_WITHIN_MS))
      if (ask.until === undefined || (heard.answer !== undefined && ask.until(heard.answer))) return heard
      if (performance.now() > deadline) return { ...heard, outcome: `${heard.outcome}, and never the wanted one` }
      await sleep(ASK_AGAIN_AFTER_MS)
    }
  }

  private async asked(step: Ask): Promise<StepResult | undefined> {
    if (step.hold === true) {
      this.held.set(step.name, { ask: step, sent: await this.send(step) })
      return undefined
    }
    const heard = await this.ask(step)
    if (heard.answer !== undefined) step.note?.(heard.answer, this)
    if (step.setup === true && heard.outcome === "answer") return undefined
    return { step: step.name, fields: this.fields(heard, step) }
  }

  private async taken(step: Take): Promise<StepResult> {
    const held = this.held.get(step.name)
    if (held === undefined) throw new NeverCaptured(`the held ${step.name}`)
    const heard = this.hear(held.sent, await held.sent.wire.next(step.withinMs ?? ANSWER_WITHIN_MS))
    if (heard.answer !== undefined) {
      held.ask.note?.(heard.answer, this)
      step.note?.(heard.answer, this)
    }
    return { step: step.name, fields: this.fields(heard, held.ask) }
  }

  private async thrown(step: Throw): Promise<StepResult> {
    const wire = await this.wire(step.on ?? "main")
    wire.send(step.bytes(this))
    const got = await wire.next(step.withinMs ?? ANSWER_WITHIN_MS)
    wire.close()
    const outcome = { frame: "answer", closed: "closed", silent: "no answer" }[got.kind]
    return { step: step.name, fields: new Map([["outcome", outcome]]) }
  }

  async step(step: Step): Promise<StepResult | undefined> {
    switch (step.kind) {
      case "ask":
        return this.asked(step)
      case "take":
        return this.taken(step)
      case "throw":
        return this.thrown(step)
      case "pause":
        await sleep(step.ms)
        return undefined
      case "hangup":
        this.wires.get(step.on)?.close()
        return undefined
    }
  }

  close(): void {
    for (const wire of this.wires.values()) wire.close()
  }
}

const attempt = async (play: Play, step: Step): Promise<StepResult | undefined> => {
  try {
    return await play.step(step)
  } catch (cause) {
    if (!(cause instanceof NeverCaptured) || step.kind === "pause" || step.kind === "hangup") throw cause
    return { step: step.name, fields: new Map([["outcome", `not asked: never answered was ${cause.message}`]]) }
  }
}

/** The results of all compared steps, in order. `run` is a suffix that makes names unlike those of other runs. */
export const play = async (
  target: Target,
  scenario: Scenario,
  version: number,
  run: string
): Promise<ReadonlyArray<StepResult>> => {
  const stage = new Play(target, scenario, version, run)
  const results: Array<StepResult> = []
  try {
    for (const step of scenario.steps(version)) {
      const result = await attempt(stage, step)
      if (result !== undefined) results.push(result)
    }
    return results
  } finally {
    stage.close()
  }
}

/** What an answer to a probe says, for callers outside a scenario. */
export const answerTo = async (wire: Wire, api: number, version: number, body: Struct): Promise<Struct> => {
  wire.send(framed(requestBytes({ api, version, writeAs: version, correlationId: 1, clientId: "probe", body })))
  const got = await wire.next(ANSWER_WITHIN_MS)
  if (got.kind !== "frame") throw new Error(`no answer to API ${api}: ${got.kind}`)
  const decoded = decodeAnswer(api, version, 1, got.bytes)
  if (decoded.kind !== "answer") throw new Error(`API ${api}: ${decoded.why}`)
  return structOf(decoded.answer)
}
