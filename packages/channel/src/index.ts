/** Calls to other nodes. `PeerApi.ts` is imported by name, because it brings Schema and msgpack along. */
export * from "./ChannelError.ts"
export * as Channels from "./Channels.ts"
