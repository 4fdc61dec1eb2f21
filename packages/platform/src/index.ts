/** The seams: disk, network, memory. */
export * from "./Arena.ts"
export * from "./Disk.ts"
export * from "./Network.ts"
