/** The partition actor and the read path. */
export {}
