/** kraft.version raised in a quorum whose voters are configured (KIP-853). */
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import type { RaftState } from "../src/Common.ts"
import type { FetchRequest, PeerResponse, UpgradeVersionRequest } from "../src/Peer.ts"
import {
  allTold,
  appendAt,
  awaitLeader,
  leaderOf,
  makeWorld,
  run as runEffect,
  startMember,
  stopAll,
  stopMember,
  type World,
  within
} from "./nodes.ts"
import {
  ask,
  clusterId,
  configured,
  directoryOf,
  elected,
  endpointsOf,
  fetchRequest,
  node,
  recorded,
  run
} from "./support.ts"

const upgrade = (fields: Partial<UpgradeVersionRequest> = {}): UpgradeVersionRequest => ({
  _tag: "UpgradeVersion",
  clusterId,
  level: 1,
  isUpgrade: true,
  validateOnly: false,
  ...fields
})

/** Everything that the leader wrote is durable. */
const durable = (state: RaftState, now: number): RaftState => {
  const { endOffset, generation } = state.log
  return run(
    state,
    [
      { _tag: "Written", logEndOffset: endOffset },
      { _tag: "Synced", offset: endOffset, generation }
    ],
    now
  )[0]
}

const fetchFrom = (state: RaftState, from: number, fields: Partial<FetchRequest> = {}, now = 1_010): RaftState => {
  const { election, log } = state
  const request = fetchRequest(from, election.epoch, {
    fetchOffset: log.endOffset,
    lastFetchedEpoch: log.epochs.length === 0 ? 0 : election.epoch,
    highWatermark: state.highWatermark,
    ...fields
  })
  return ask(state, request, now).state
}

/** Node 1 of three, which leads, has committed the beginning of its epoch, and has heard of those. */
const leading = (heard: ReadonlyArray<number>): RaftState => {
  const [leader] = elected(node(1, [1, 2, 3]))
  return heard.reduce((state, from) => fetchFrom(state, from), durable(leader, 1_005))
}

const answerTo = (state: RaftState, fields: Partial<UpgradeVersionRequest> = {}) => {
  const { answer } = ask(state, upgrade(fields), 1_020)
  return answer !== undefined && "message" in answer ? [answer.errorCode, answer.message] : answer
}

describe("kraft.version is raised", () => {
  test("by the version and the voters in one batch, answered once that is committed", () => {
    const before = leading([2, 3])
    const { state, out, answer } = ask(before, upgrade(), 1_020)
    expect(answer).toBeUndefined()
    expect(out.find(({ _tag }) => _tag === "WriteControl")).toMatchObject({
      baseOffset: before.log.endOffset,
      records: [
        { _tag: "KRaftVersion", kraftVersion: 1 },
        { _tag: "Voters", voters: recorded([1, 2, 3]) }
      ]
    })
    expect(state.log.endOffset).toBe(before.log.endOffset + 2)
    const answers: Array<PeerResponse> = []
    const written = durable(state, 1_030)
    expect(written.highWatermark).toBe(before.highWatermark)
    const request = fetchRequest(2, written.election.epoch, {
      fetchOffset: written.log.endOffset,
      lastFetchedEpoch: written.election.epoch
    })
    const fetched = ask(written, request, 1_040)
    for (const effect of fetched.out) if (effect._tag === "Respond") answers.push(effect.response)
    expect(fetched.state.highWatermark).toBe(written.log.endOffset)
    expect(answers).toContainEqual(expect.objectContaining({ _tag: "UpgradeVersion", errorCode: 0, message: null }))
  })

  test("not before every voter's directory is known, nor before the epoch has begun", () => {
    expect(answerTo(leading([2]))).toEqual([95, expect.stringContaining("heard of: 3.")])
    const [fresh] = elected(node(1, [1, 2, 3]))
    expect(answerTo(fresh)).toEqual([7, "The leader has just been elected."])
  })

  test("to what there is, and never down", () => {
    const before = leading([2, 3])
    expect(answerTo(before, { level: 0 })).toEqual([0, null])
    expect(answerTo(before, { level: 2 })).toEqual([95, expect.stringContaining("no version above 1")])
    expect(answerTo(before, { isUpgrade: false })).toEqual([95, "Can't downgrade to a newer version."])
    const { state } = ask(before, upgrade(), 1_020)
    expect(answerTo(state)).toEqual([0, null])
    expect(answerTo(state, { level: 0, isUpgrade: false })).toEqual([
      95,
      "Can't downgrade the version of this feature."
    ])
    expect(answerTo(state, { level: 0 })).toEqual([95, expect.stringContaining("without setting the upgrade type")])
  })

  test("and is not when it is only validated", () => {
    const before = leading([2, 3])
    expect(answerTo(before, { validateOnly: true })).toEqual([0, null])
    expect(ask(before, upgrade({ validateOnly: true }), 1_020).state.log).toBe(before.log)
  })
})

const versions = (world: World) => [...world.members.values()].map(({ node: one }) => one?.kraftVersion())
const done = { errorCode: 0, message: null }
const raise = { level: 1, isUpgrade: true, validateOnly: false }

describe("a quorum of configured voters", () => {
  test("whose version is raised takes voters out and in, and knows them after a restart", () =>
    runEffect(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const leader = yield* awaitLeader(world)
        yield* appendAt(leader, "one")
        yield* allTold(world, "one", [1, 2, 3])
        const other = [1, 2, 3].find((id) => id !== leader.id)!
        const key = { id: other, directoryId: directoryOf(other) }
        expect((yield* leader.node!.removeVoter(key)).errorCode).toBe(35)
        expect(yield* world.members.get(other)!.node!.upgradeVersion(raise)).toEqual(done)
        yield* within(3_000, "all know", () => versions(world).every((version) => version === 1))
        expect(leader.node!.voters()).toEqual(recorded([1, 2, 3]))
        expect(leader.node!.describe().observers).toEqual([])
        expect(yield* leader.node!.removeVoter(key)).toEqual(done)
        expect(leader.node!.voters().ids).not.toContain(other)
        expect(yield* leader.node!.addVoter(key, endpointsOf(other), 5_000)).toEqual(done)
        for (const id of [1, 2, 3]) yield* stopMember(world, id)
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const next = yield* awaitLeader(world)
        yield* appendAt(next, "two")
        yield* allTold(world, "two", [1, 2, 3])
        expect(versions(world)).toEqual([1, 1, 1])
        expect(leaderOf(world)?.node?.voters()).toEqual(recorded([1, 2, 3]))
        yield* stopAll(world)
      })
    ))
})
