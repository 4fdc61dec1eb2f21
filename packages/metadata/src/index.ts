/** The cluster as a value. */
export {}
