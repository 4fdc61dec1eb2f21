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
