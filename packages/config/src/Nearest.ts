/**
 * The name someone probably meant: the nearest by edit distance, where an insertion, a deletion, a substitution and a
 * swap of two neighbours each count one. Invariant: a name that would share less than about two thirds of its letters is
 * not offered. Neighbours: BrokerConfig.ts asks for unknown keys.
 */

/** The Damerau-Levenshtein distance (restricted form: no part is edited twice) of two words. */
export const distance = (left: string, right: string): number => {
  let beforeLast: Array<number> = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      const substituted = last[column - 1]! + (same ? 0 : 1)
      let best = Math.min(last[column]! + 1, current[column - 1]! + 1, substituted)
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, beforeLast[column - 2]! + 1)
      }
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return last[right.length]!
}

/** The nearest of `names`, or null when none is near; of equals the first wins. */
export const nearest = (name: string, names: Iterable<string>): string | null => {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const each = distance(name.toLowerCase(), candidate.toLowerCase())
    if (each < bestDistance) {
      best = candidate
      bestDistance = each
    }
  }
  return best
}
