/**
 * Where the placement of a new topic's replicas begins: drawn by the asking broker, because deciding draws no chance.
 */
import * as Entropy from "@klamm/platform/Entropy"

/** Larger than any number of brokers. */
const seeds = 1_000_000

export const placementSeed = Entropy.intBelow(seeds)
