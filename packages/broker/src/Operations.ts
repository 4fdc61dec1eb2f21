/**
 * Authorized operations as bit sets (KIP-430): bit n stands for Kafka's AclOperation n. Without an authorizer everyone may do
 * all that makes sense on a resource.
 */
const bits = (...operations: ReadonlyArray<number>): number => operations.reduce((set, bit) => set | (1 << bit), 0)

const read = 3
const write = 4
const create = 5
const deletion = 6
const alter = 7
const describe = 8
const clusterAction = 9
const describeConfigs = 10
const alterConfigs = 11
const idempotentWrite = 12

export const topicOperations = bits(read, write, create, deletion, alter, describe, describeConfigs, alterConfigs)
export const groupOperations = bits(read, deletion, describe, describeConfigs, alterConfigs)
export const clusterOperations = bits(
  create,
  alter,
  describe,
  clusterAction,
  describeConfigs,
  alterConfigs,
  idempotentWrite
)
