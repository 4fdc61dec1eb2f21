/** The metadata quorum. */
export {}
