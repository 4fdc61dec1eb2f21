/** Housekeeping that keeps out of the way of tests. */
export const housekeeping = {
  retentionCheckMs: 60_000,
  checkpointMs: 60_000,
  fileDeleteDelayMs: 0,
  producerCheckMs: 60_000,
  producerExpirationMs: 60_000,
  cleanerEnabled: false,
  cleanerBackoffMs: 60_000,
  dedupeBufferBytes: 1024 * 1024
}

/** num.recovery.threads.per.data.dir. */
export const recoveryThreads = 2

/** How a node looks after its directories. */
export const upkeep = {
  housekeeping: () => housekeeping,
  recoveryThreads: () => recoveryThreads,
  onFailed: () => undefined
}
