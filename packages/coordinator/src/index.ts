/** The group coordinator. */
export {}
