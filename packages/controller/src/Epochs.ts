/**
 * Which leader's epoch each committed offset was written in, as far as this node was told. Invariant: epochs and offsets rise.
 */
interface Noted {
  readonly epoch: number
  /** The last offset of the first batch told of this epoch. */
  readonly offset: number
}

export type Epochs = ReadonlyArray<Noted>

export const none: Epochs = []

export const note = (epochs: Epochs, epoch: number, offset: number): Epochs =>
  epochs.at(-1)?.epoch === epoch ? epochs : [...epochs, { epoch, offset }]

/** -1 before the first. */
export const at = (epochs: Epochs, offset: number): number =>
  epochs.findLast((noted) => noted.offset <= offset)?.epoch ?? -1
