/**
 * The disk's seam for those who write a layer of their own: the service, its error, and the disk in memory to begin with. A broker needs
 * nothing else of a disk, so whatever a layer does in between is what the broker meets.
 */
export { Disk, DiskError, type DiskErrorReason, type DiskFile, type OpenMode } from "@klamm/platform/Disk"
export { layerMemory, type MemoryDisk, makeMemoryDisk } from "@klamm/platform/DiskMemory"
