/** A quorum through hundreds of seeded storms: what it promises holds at every step, and it recovers when they end. */
import { describe, expect, test } from "vitest"
import { isVoter } from "../src/Common.ts"
import * as VoterSet from "../src/VoterSet.ts"
import { Simulation } from "./Simulation.ts"
import { clusterId, configured, endpointsOf, recorded } from "./support.ts"

const start = (seed: number, ids: ReadonlyArray<number>): Simulation => {
  const simulation = new Simulation(seed, ids, configured(ids))
  for (const id of ids) simulation.startNode(id)
  return simulation
}

const heal = (simulation: Simulation): void => {
  simulation.network.cut.clear()
  simulation.network.lossRate = 0
  for (const id of simulation.nodes.keys()) simulation.startNode(id)
}

const isCommitted = (simulation: Simulation, offset: number | undefined): boolean =>
  offset !== undefined &&
  [...simulation.nodes.values()].every(({ state }) => state !== undefined && state.highWatermark > offset)

/** After the storm: somebody leads, and what is appended then everybody learns. */
const recovers = (simulation: Simulation): void => {
  heal(simulation)
  simulation.run(10_000)
  const offset = simulation.append()
  if (offset === undefined) throw new Error("nobody leads after the storm")
  if (!simulation.run(10_000, () => isCommitted(simulation, offset)))
    throw new Error("nothing is committed after the storm")
  simulation.checks.logsMatch()
}

/** Cuts one node, or some of its ways, off. */
const cut = (simulation: Simulation, ids: ReadonlyArray<number>): void => {
  const victim = ids[simulation.below(ids.length)]!
  const way = simulation.below(3)
  for (const id of ids) {
    if (id === victim || simulation.below(4) === 0) continue
    if (way !== 1) simulation.network.cut.add(`${victim}>${id}`)
    if (way !== 2) simulation.network.cut.add(`${id}>${victim}`)
  }
}

/** One misfortune, or the end of one. */
const disturb = (simulation: Simulation, ids: ReadonlyArray<number>): void => {
  const { network } = simulation
  const id = ids[simulation.below(ids.length)]!
  const misfortunes = [
    () => simulation.crash(id, simulation.below(3) > 0),
    () => simulation.crash(id, simulation.below(3) > 0),
    () => {
      for (const other of ids) simulation.startNode(other)
    },
    () => cut(simulation, ids),
    () => network.cut.clear(),
    () => {
      network.lossRate = [0, 0.02, 0.2][simulation.below(3)]!
    },
    () => simulation.takeSnapshot(id),
    () => simulation.startNode(id)
  ]
  misfortunes[simulation.below(misfortunes.length)]!()
}

const storm = (simulation: Simulation, ids: ReadonlyArray<number>, rounds: number): void => {
  for (let round = 0; round < rounds; round++) {
    disturb(simulation, ids)
    for (let times = simulation.below(4); times > 0; times--) {
      simulation.run(simulation.random() * 150)
      simulation.append()
      simulation.append()
    }
    simulation.run(simulation.random() * 600)
  }
}

/** Makes a voter of a node that is none, or the other way round, and takes out one whose disk is gone. */
const changeVoters = (simulation: Simulation, ids: ReadonlyArray<number>): void => {
  const leader = simulation.leader()
  if (leader?.state === undefined) return
  const id = ids[simulation.below(ids.length)]!
  const { directoryId } = simulation.nodes.get(id)!.self
  const { voters } = leader.state.log.voters.at(-1)!
  // One that is lost goes first: without another there might be no majority left.
  const lost = voters.voters.find((one) => simulation.nodes.get(one.id)!.self.directoryId !== one.directoryId)
  const known = lost ?? voters.voters.find((one) => one.id === id)
  if (known === undefined) {
    const voter = VoterSet.voter({ id, directoryId }, endpointsOf(id))
    const request = { _tag: "AddVoter", clusterId, voter, timeoutMs: 3_000, ackWhenCommitted: true } as const
    simulation.ask(leader.id, request, () => undefined)
  } else if (voters.ids.length > 2) {
    simulation.ask(leader.id, { _tag: "RemoveVoter", clusterId, voter: known }, () => undefined)
  }
}

/**
 * An empty disk in the place of one voter's, if all others have theirs: more would be more than a minority. So it would be while some
 * node still believes in a change of the voters that never was committed: it may need the very one that is lost.
 */
const replaceDisk = (simulation: Simulation, ids: ReadonlyArray<number>): void => {
  const leader = simulation.leader()?.state
  if (leader?._tag !== "Leader" || leader.change !== undefined) return
  const { voters, offset } = leader.log.voters.at(-1)!
  const isWhole = voters.voters.every((one) => simulation.nodes.get(one.id)!.self.directoryId === one.directoryId)
  const isSettled = [...simulation.nodes.values()].every(
    ({ state }) => state?.log.voters.at(-1)?.voters.ids.join() === voters.ids.join()
  )
  if (!isWhole || !isSettled || voters.ids.length < 3 || offset >= leader.highWatermark) return
  const id = ids[simulation.below(ids.length)]!
  simulation.crash(id)
  simulation.wipe(id, `${Math.floor(simulation.now)}-${id}`)
  simulation.startNode(id)
}

/** Asks whoever leads to record the voters. */
const raiseVersion = (simulation: Simulation): void => {
  const leader = simulation.leader()
  if (leader === undefined) return
  const request = { _tag: "UpgradeVersion", clusterId, level: 1, isUpgrade: true, validateOnly: false } as const
  simulation.ask(leader.id, request, () => undefined)
}

const withSeed = (seed: number, run: () => void): void => {
  try {
    run()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** How many seeds each test draws; more by RAFT_SEEDS. */
const seeds = Number(process.env.RAFT_SEEDS ?? 100)

describe("a quorum through storms", () => {
  test.each([3, 5])("%i voters", (count) => {
    const ids = Array.from({ length: count }, (_, index) => index + 1)
    for (let seed = 1; seed <= seeds; seed++) {
      withSeed(seed, () => {
        const simulation = start(seed, ids)
        storm(simulation, ids, 30)
        recovers(simulation)
      })
    }
  })

  test("leaders that fall as soon as they rise", () => {
    const ids = [1, 2, 3, 4, 5]
    for (let seed = 1; seed <= seeds; seed++) {
      withSeed(seed, () => {
        const simulation = start(seed, ids)
        for (let round = 0; round < 40; round++) {
          simulation.run(400, () => simulation.leader() !== undefined)
          for (let count = simulation.below(4); count > 0; count--) simulation.append()
          simulation.run(simulation.random() * 25)
          const leader = simulation.leader()
          if (leader !== undefined) simulation.crash(leader.id)
          simulation.startNode(ids[simulation.below(ids.length)]!)
          simulation.startNode(ids[simulation.below(ids.length)]!)
        }
        recovers(simulation)
      })
    }
  })

  test("voters that come and go", () => {
    const ids = [1, 2, 3, 4, 5]
    for (let seed = 1; seed <= seeds; seed++) {
      withSeed(seed, () => {
        const simulation = new Simulation(seed, ids, recorded([1, 2, 3]), 1)
        for (const id of ids) simulation.startNode(id)
        for (let round = 0; round < 25; round++) {
          changeVoters(simulation, ids)
          if (simulation.below(5) === 0) replaceDisk(simulation, ids)
          storm(simulation, ids, 1)
        }
        recovers(simulation)
      })
    }
  })
})

describe("a quorum whose version is raised", () => {
  test("goes on through storms with voters that come and go", () => {
    const ids = [1, 2, 3, 4, 5]
    let raised = 0
    for (let seed = 1; seed <= seeds; seed++) {
      withSeed(seed, () => {
        const simulation = new Simulation(seed, ids, configured([1, 2, 3]))
        for (const id of ids) simulation.startNode(id)
        for (let round = 0; round < 25; round++) {
          if (round >= 5) raiseVersion(simulation)
          changeVoters(simulation, ids)
          if (simulation.below(5) === 0) replaceDisk(simulation, ids)
          storm(simulation, ids, 1)
        }
        recovers(simulation)
        const versions = [...simulation.nodes.values()].map(({ state }) => state?.log.voters.at(-1)?.kraftVersion)
        expect(new Set(versions).size).toBe(1)
        raised += versions[0] ?? 0
      })
    }
    expect(raised).toBeGreaterThan(0.7 * seeds)
  })
})

describe("a quorum in good weather", () => {
  test("a leader that is killed is replaced within 200 ms", () => {
    const times: Array<number> = []
    for (let seed = 1; seed <= 100; seed++) {
      const simulation = start(seed, [1, 2, 3])
      simulation.network.maxDelayMs = 1
      simulation.run(5_000)
      const leader = simulation.leader()!
      const { epoch } = leader.state!.election
      simulation.crash(leader.id)
      const from = simulation.now
      const isLed = () => {
        const next = simulation.leader()?.state
        return next?._tag === "Leader" && next.election.epoch > epoch && next.highWatermark > next.epochStartOffset
      }
      expect(simulation.run(5_000, isLed), `seed ${seed}`).toBe(true)
      times.push(simulation.now - from)
    }
    times.sort((one, other) => one - other)
    expect(times[50]).toBeLessThan(120)
    expect(times[95]).toBeLessThan(250)
  })

  test("behaviour 187: a voter that is cut off raises no epoch and disturbs nobody when it is back", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const simulation = start(seed, [1, 2, 3])
      simulation.run(5_000)
      const leader = simulation.leader()!
      const { epoch } = leader.state!.election
      const victim = [1, 2, 3].find((id) => id !== leader.id)!
      for (const id of [1, 2, 3]) {
        if (id === victim) continue
        simulation.network.cut.add(`${victim}>${id}`).add(`${id}>${victim}`)
      }
      simulation.run(30_000)
      simulation.network.cut.clear()
      simulation.run(10_000)
      expect(simulation.leader()?.id, `seed ${seed}`).toBe(leader.id)
      for (const { state } of simulation.nodes.values()) expect(state?.election.epoch, `seed ${seed}`).toBe(epoch)
    }
  })

  test("a voter that alone can't reach the leader disturbs nobody", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const simulation = start(seed, [1, 2, 3])
      simulation.run(5_000)
      const leader = simulation.leader()!
      const { epoch } = leader.state!.election
      const victim = [1, 2, 3].find((id) => id !== leader.id)!
      simulation.network.cut.add(`${victim}>${leader.id}`).add(`${leader.id}>${victim}`)
      simulation.run(30_000)
      expect(simulation.leader()?.id, `seed ${seed}`).toBe(leader.id)
      expect(simulation.leader()?.state?.election.epoch, `seed ${seed}`).toBe(epoch)
    }
  })

  test("behaviour 187: a leader that is cut off from the majority resigns, though it hears from an observer", () => {
    const simulation = new Simulation(3, [1, 2, 3, 4], configured([1, 2, 3]))
    for (const id of [1, 2, 3, 4]) simulation.startNode(id)
    simulation.run(5_000)
    const leader = simulation.leader()!
    for (const id of [1, 2, 3]) {
      if (id === leader.id) continue
      simulation.network.cut.add(`${leader.id}>${id}`).add(`${id}>${leader.id}`)
    }
    simulation.run(3_200)
    expect(leader.state?._tag).not.toBe("Leader")
  })

  test("observers follow and never vote", () => {
    const simulation = new Simulation(1, [1, 2, 3, 4], configured([1, 2, 3]))
    for (const id of [1, 2, 3, 4]) simulation.startNode(id)
    simulation.run(3_000)
    const offset = simulation.append()
    expect(simulation.run(1_000, () => isCommitted(simulation, offset))).toBe(true)
    const observer = simulation.nodes.get(4)!.state!
    expect(isVoter(observer)).toBe(false)
    expect(observer._tag).toBe("Follower")
    expect(observer.election.votedFor).toBe(-1)
  })

  test.each(["configured", "recorded"])("an empty disk never votes as the old one: %s voters (KAFKA-16526)", (kind) => {
    for (let seed = 1; seed <= 30; seed++) {
      withSeed(seed, () => {
        const ids = [1, 2, 3]
        const isRecorded = kind === "recorded"
        const simulation = new Simulation(seed, ids, isRecorded ? recorded(ids) : configured(ids), isRecorded ? 1 : 0)
        for (const id of ids) simulation.startNode(id)
        simulation.run(3_000)
        const leader = simulation.leader()!
        const [lost, behind] = ids.filter((id) => id !== leader.id) as [number, number]
        simulation.crash(behind)
        const offset = simulation.append()!
        simulation.run(1_000, () => simulation.checks.committedEnd > offset)
        expect(simulation.checks.committedEnd).toBeGreaterThan(offset)
        simulation.crash(leader.id)
        simulation.crash(lost)
        simulation.wipe(lost, "another")
        simulation.startNode(lost)
        simulation.startNode(behind)
        // These two are a majority by number, and have not what was committed: nobody may lead, however often they start.
        for (let starts = 0; starts < 3; starts++) {
          simulation.run(10_000)
          expect(simulation.leader()).toBeUndefined()
          simulation.crash(lost)
          simulation.startNode(lost)
        }
        simulation.startNode(leader.id)
        expect(simulation.run(10_000, () => simulation.leader()?.id === leader.id)).toBe(true)
      })
    }
  })
})
