/**
 * The plain loop: the least that a broker of Node can be, beside which ours is measured by the same load generator. Bytes are received in
 * place, batches checked and given their offsets where they lie, and each turn, which is what one read brought, ends with one write to
 * each partition's file and one answer. As one of three it passes the batches on at the same time and answers when the others have written
 * them. There is no election, no recovery, no group and no limit. Invariants: the requests of a connection are answered in their order, so
 * that nothing behind a fetch that waits is looked at; a disk that fails ends the process, and so does a replica.
 * Neighbours: Connection.ts, Replicas.ts and Following.ts (the two ends of replication), Partitions.ts, Serve.ts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Answers } from "./Answers.ts"
import { Connection } from "./Connection.ts"
import { Following } from "./Following.ts"
import { Areas, type Onward } from "./Intake.ts"
import { HOST, type Members, others } from "./Members.ts"
import { Topics } from "./Partitions.ts"
import { Replicas } from "./Replicas.ts"

/** What all connections share. */
export class Loop {
  readonly topics: Topics
  readonly replicas = new Replicas(() => this.progressed())
  /** The same, for one that has any. */
  readonly onward: Onward | undefined
  readonly answers: Answers
  readonly areas = new Areas()
  readonly connections = new Set<Connection>()

  constructor(folder: string, members: Members) {
    this.topics = new Topics(folder)
    this.onward = members.ports.length > 1 ? this.replicas : undefined
    this.answers = new Answers({ members, topics: this.topics, replicas: this.replicas })
  }

  accept(shell: net.Socket): void {
    const area = this.areas.take(shell)
    if (area !== undefined) this.connections.add(new Connection(this, shell, area))
  }

  follow(shell: net.Socket): void {
    const area = this.areas.take(shell)
    if (area !== undefined) new Following(this, shell, area)
  }

  /** The end of a turn: sent first, so that the others write while this one does. */
  flush(): void {
    this.replicas.flush()
    this.topics.flush(this.replicas.position)
    this.progressed()
  }

  private progressed(): void {
    this.topics.commit(this.replicas.written)
    for (const connection of this.connections) connection.look()
  }
}

export interface PlainLoop {
  /** Resolves when its replicas are there. */
  readonly connected: Promise<void>
  /** Ends its connections and removes its data. */
  readonly close: () => void
}

const listening = (port: number, take: (shell: net.Socket) => void): Promise<net.Server> =>
  new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true, pauseOnConnect: true }, take)
    server.once("error", reject)
    server.listen(port, HOST, () => resolve(server.off("error", reject)))
  })

/** Serves at its ports, with data in a temporary folder. */
export const startLoop = async (members: Members): Promise<PlainLoop> => {
  const { clients, replicas: port } = members.ports[members.nodeId - 1]!
  const folder = mkdtempSync(join(tmpdir(), "klamm-loop-"))
  const loop = new Loop(folder, members)
  const servers = [await listening(clients, (shell) => loop.accept(shell))]
  const replicas = others(members)
  if (replicas.length > 0) servers.push(await listening(port, (shell) => loop.follow(shell)))
  const close = (): void => {
    for (const server of servers) server.close()
    loop.replicas.close()
    for (const connection of loop.connections) connection.close()
    loop.topics.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { connected: loop.replicas.connect(replicas), close }
}
