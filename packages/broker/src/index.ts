/** The broker: sockets, handlers, composition. */
export {}
