/** The controller of the cluster: commands in, metadata records and replies out. */
export * from "./Answer.ts"
export * from "./Controller.ts"
export * as ControllerNode from "./ControllerNode.ts"
export * as Features from "./Features.ts"
export * as SnapshotGenerator from "./SnapshotGenerator.ts"
