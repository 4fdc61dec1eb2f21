/**
 * Which processes are the plain loop together: one, or as many as there are replicas of each partition, led in turn. Neighbours: Loop.ts,
 * Answers.ts (tells clients), Replicas.ts and Following.ts (what they say to each other), PlainLoop.ts (starts them).
 */
export const HOST = "127.0.0.1"

/** Where one listens. */
export interface Ports {
  readonly clients: number
  readonly replicas: number
}

export interface Members {
  /** 1 for the first. */
  readonly nodeId: number
  /** In the order of their ids. */
  readonly ports: ReadonlyArray<Ports>
}

/** For the command line of a process: `CLIENTS:REPLICAS` of each, with commas. */
export const formatPorts = (ports: ReadonlyArray<Ports>): string =>
  ports.map(({ clients, replicas }) => `${clients}:${replicas}`).join(",")

export const parsePorts = (text: string): ReadonlyArray<Ports> =>
  text.split(",").map((each) => {
    const [clients = Number.NaN, replicas = Number.NaN] = each.split(":").map(Number)
    return { clients, replicas }
  })

/** One alone asks nobody at its second port. */
export const alone = (port: number): ReadonlyArray<Ports> => [{ clients: port, replicas: 0 }]

export const nodeIds = ({ ports }: Members): ReadonlyArray<number> => ports.map((_, index) => index + 1)

export const leaderOf = ({ ports }: Members, partition: number): number => (partition % ports.length) + 1

/** Where the others listen for this one. */
export const others = ({ nodeId, ports }: Members): ReadonlyArray<number> =>
  ports.filter((_, index) => index + 1 !== nodeId).map(({ replicas }) => replicas)

/** Its own, for clients. */
export const addressOf = ({ nodeId, ports }: Members): string => `${HOST}:${ports[nodeId - 1]?.clients}`
