/**
 * A process at the other end of a stream: `peer.ts send SIZE BYTES` listens, tells its port and writes chunks of a size to who connects;
 * `peer.ts receive PORT` reads all there is; `peer.ts follow PORT PATH BYTES` appends it to a file, answers each read with the length of
 * the file, and tells what it used of the processors. Neighbours: Streams.ts, which starts them.
 */
import * as net from "node:net"
import { appendFrom } from "./Appending.ts"

const RECEIVED_AT_ONCE = 1024 * 1024
const LENGTH_BYTES = 8

const say = (told: object): void => {
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

const send = (size: number, bytes: number): void => {
  const chunk = Buffer.alloc(size, "a")
  const server = net.createServer({ noDelay: true }, (socket) => {
    let sent = 0
    const next = (): void => {
      while (sent < bytes) {
        sent += size
        if (!socket.write(chunk)) {
          socket.once("drain", next)
          return
        }
      }
    }
    next()
  })
  server.listen(0, "127.0.0.1", () => say({ port: Object(server.address()).port }))
}

const receive = (port: number): void => {
  const onread = { buffer: Buffer.alloc(RECEIVED_AT_ONCE), callback: () => true }
  net.connect({ port, host: "127.0.0.1", onread })
}

const follow = async (port: number, path: string, bytes: number): Promise<void> => {
  const passOn = (_: Uint8Array, length: number, socket: net.Socket): boolean => {
    const answer = Buffer.alloc(LENGTH_BYTES)
    answer.writeDoubleLE(length)
    socket.write(answer)
    return true
  }
  await appendFrom({ port, path, bytes, passOn })
  const { user, system } = process.cpuUsage()
  say({ cpuSeconds: (user + system) / 1e6 })
}

const [role, ...words] = process.argv.slice(2)
if (role === "send") send(Number(words[0]), Number(words[1]))
else if (role === "receive") receive(Number(words[0]))
else if (role === "follow") await follow(Number(words[0]), words[1] ?? "", Number(words[2]))
