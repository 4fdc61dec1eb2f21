/**
 * What an administrator does with access, quotas, users, tokens, transactions and the groups of other kinds. Access is told of where the
 * cluster has an authorizer (`authorizer.class.name`, `super.users=User:ANONYMOUS`).
 */
import { assert } from "@effect/vitest"
import * as Admin from "@klamm/client/Admin"
import * as Effect from "effect/Effect"
import { needing, type Story } from "../Story.ts"
import { eventually, refusal, withTopic } from "./anywhere.ts"

const access: ReadonlyArray<Story> = [
  {
    name: "rights are given, seen and taken",
    needs: ["acls"],
    tell: (name) =>
      Effect.gen(function* () {
        if ((yield* refusal(Admin.describeAcls())) === "SECURITY_DISABLED") return
        const base = { resource: "topic", name, host: "*", principal: `User:${name}` } as const
        const acls: ReadonlyArray<Admin.Acl> = [
          { ...base, pattern: "prefixed", operation: "read", permission: "allow" },
          { ...base, pattern: "literal", operation: "write", permission: "deny" }
        ]
        yield* Admin.createAcls(acls)
        const mine = Admin.describeAcls({ principal: base.principal })
        assert.sameDeepMembers([...(yield* eventually(mine, ({ length }) => length === 2))], [...acls])
        const matching = yield* Admin.describeAcls({ resource: "topic", name: `${name}-eu`, pattern: "match" })
        assert.deepStrictEqual(matching, acls.slice(0, 1))
        const removed = yield* Admin.deleteAcls([{ principal: base.principal }])
        assert.sameDeepMembers([...removed], [...acls])
        yield* eventually(mine, ({ length }) => length === 0)
      })
  },
  {
    name: "quotas are set for a user, and removed",
    needs: ["quotas"],
    tell: (name) =>
      Effect.gen(function* () {
        const entity = { user: name }
        yield* Admin.alterQuotas([{ entity, values: { producer_byte_rate: 1_048_576, request_percentage: 12.5 } }])
        const mine = Admin.describeQuotas({ user: { name } }, { strict: true })
        const [found] = yield* eventually(mine, ({ length }) => length === 1)
        assert.deepStrictEqual(found, { entity, values: { producer_byte_rate: 1_048_576, request_percentage: 12.5 } })
        yield* Admin.alterQuotas([{ entity, values: { producer_byte_rate: undefined, request_percentage: undefined } }])
        yield* eventually(mine, ({ length }) => length === 0)
        const wrong = Admin.alterQuotas([{ entity, values: { cakes_per_day: 1 } }])
        assert.strictEqual(yield* refusal(wrong), "INVALID_REQUEST")
      })
  },
  {
    name: "a user's password is set, and the user is gone again",
    needs: ["scram"],
    tell: (user) =>
      Effect.gen(function* () {
        yield* Admin.alterScramUsers([{ user, mechanism: "SCRAM-SHA-512", password: "secret", iterations: 8_192 }])
        const mine = Admin.describeScramUsers([user])
        const [found] = yield* eventually(mine, ({ length }) => length === 1)
        assert.deepStrictEqual(found?.credentials, [{ mechanism: "SCRAM-SHA-512", iterations: 8_192 }])
        yield* Admin.alterScramUsers([{ user, mechanism: "SCRAM-SHA-512", delete: true }])
        yield* eventually(mine, ({ length }) => length === 0)
        const weak = Admin.alterScramUsers([{ user, mechanism: "SCRAM-SHA-256", password: "secret", iterations: 1 }])
        assert.strictEqual(yield* refusal(weak), "UNACCEPTABLE_CREDENTIAL")
      })
  },
  {
    name: "who is nobody gets no token",
    needs: ["delegation tokens"],
    tell: () =>
      Effect.gen(function* () {
        const hmac = Uint8Array.of(1)
        const calls = [Admin.createToken(), Admin.describeTokens(), Admin.renewToken(hmac), Admin.expireToken(hmac)]
        for (const call of calls) {
          const why = yield* refusal(call)
          assert.include(["DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", "DELEGATION_TOKEN_AUTH_DISABLED"], why)
        }
      })
  }
]

const transactions: ReadonlyArray<Story> = [
  {
    name: "a transactional id is fenced, listed and described",
    tell: (id) =>
      Effect.gen(function* () {
        const [first] = yield* Admin.fenceProducers([id])
        const [again] = yield* Admin.fenceProducers([id])
        assert.isAbove((again?.producerEpoch ?? 0) + 1, first?.producerEpoch ?? 0)
        const listed = yield* eventually(Admin.listTransactions({ states: ["Empty"] }), (found) =>
          found.some(({ transactionalId }) => transactionalId === id)
        )
        assert.isNotEmpty(listed)
        const [described] = yield* Admin.describeTransactions([id])
        assert.strictEqual(described?.producerId, again?.producerId)
        assert.isUndefined(described?.startMs)
        assert.strictEqual(yield* refusal(Admin.describeTransactions([`${id}-none`])), "TRANSACTIONAL_ID_NOT_FOUND")
      })
  },
  {
    name: "nobody has written to a new topic",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* Admin.describeProducers([{ topic, partition: 0 }]), [])
          const hanging = { topic, partition: 0, producerId: 1_234_567, producerEpoch: 0, coordinatorEpoch: 0 }
          yield* Admin.abortTransaction(hanging)
        })
      )
  }
]

const otherGroups: ReadonlyArray<Story> = [
  {
    name: "a share group's offsets are set, read and forgotten",
    tell: (group) =>
      withTopic(
        group,
        Effect.gen(function* () {
          // The coordinator may hear of the topic a moment later than who has described it.
          const altered = Admin.alterShareGroupOffsets(group, [{ topic: group, partition: 0, offset: 0 }])
          yield* eventually(altered, () => true)
          const look = Admin.listShareGroupOffsets(group, [{ topic: group, partition: 0 }])
          const [found] = yield* eventually(look, ({ length }) => length === 1)
          assert.strictEqual(found?.startOffset, 0)
          const [described] = yield* Admin.describeShareGroups([group])
          assert.strictEqual(described?.state, "Empty")
          yield* Admin.deleteShareGroupOffsets(group, [group])
          yield* Admin.deleteGroups([group])
        })
      )
  },
  {
    name: "groups that are not there are not found, of whatever kind",
    tell: (group) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* refusal(Admin.describeConsumerGroups([group])), "GROUP_ID_NOT_FOUND")
        assert.strictEqual(yield* refusal(Admin.describeShareGroups([group])), "GROUP_ID_NOT_FOUND")
        assert.strictEqual(yield* refusal(Admin.describeStreamsGroups([group])), "GROUP_ID_NOT_FOUND")
      })
  }
]

const cluster: ReadonlyArray<Story> = [
  {
    name: "resources with a configuration of their own are listed",
    tell: (name) =>
      Effect.gen(function* () {
        const group = { type: "group", name } as const
        yield* Admin.alterConfigs([{ ...group, changes: [{ name: "consumer.session.timeout.ms", set: "46000" }] }])
        const look = Admin.listConfigResources(["group"])
        yield* eventually(look, (found) => found.some((each) => each.name === name))
        yield* Admin.alterConfigs([{ ...group, changes: [{ name: "consumer.session.timeout.ms", delete: true }] }])
      })
  },
  {
    name: "the quorum's voters and the features are not changed without reason",
    tell: () =>
      Effect.gen(function* () {
        const { finalized } = yield* Admin.describeFeatures
        const level = finalized.get("metadata.version")?.max ?? 0
        yield* Admin.updateFeatures([{ feature: "metadata.version", level }], { validateOnly: true })
        const unknown = Admin.updateFeatures([{ feature: "no.such.feature", level: 1 }], { validateOnly: true })
        assert.include(["INVALID_UPDATE_VERSION", "FEATURE_UPDATE_FAILED"], yield* refusal(unknown))
        const directoryId = "AAAAAAAAAAAAAAAAAAAABA"
        assert.include(
          ["VOTER_NOT_FOUND", "UNSUPPORTED_VERSION"],
          yield* refusal(Admin.removeVoter({ id: 99, directoryId }))
        )
      })
  }
]

export const accessAndMore: ReadonlyArray<Story> = [
  ...access,
  ...needing(["transactions"], transactions),
  ...needing(["share groups"], otherGroups),
  ...needing(["consumer groups"], cluster)
]
