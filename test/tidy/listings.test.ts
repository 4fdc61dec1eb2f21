/**
 * What a page shows runs: each TypeScript listing of the users' pages names a file of examples/ in its first line, and is in it, line by
 * line; a line `// …` stands for what is left out. That the files run is their own tests' business. Neighbour: sources.ts.
 */
import { expect, it } from "vitest"
import { exists, files, read } from "./sources.ts"

const pages = files.filter((path) => /^docs\/client\/[^/]+\.md$/.test(path) || path === "docs/testing.md")

interface Listing {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly lines: ReadonlyArray<string>
}

const listingsOf = (page: string): ReadonlyArray<Listing> => {
  const listings: Array<Listing> = []
  let open: { readonly line: number; readonly language: string; readonly lines: Array<string> } | undefined
  for (const [index, line] of read(page).split("\n").entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { line: index + 1, language: fence[1] ?? "", lines: [] }
    else {
      listings.push({ page, ...open })
      open = undefined
    }
  }
  return listings
}

const isCode = ({ language }: Listing): boolean => /^(?:ts|typescript|js|javascript)$/.test(language)
const listings = pages.flatMap(listingsOf).filter(isCode)

/** Whatever depth a piece stands at. */
const outdented = (lines: ReadonlyArray<string>): string => {
  const filled = lines.filter((line) => line.trim() !== "")
  const depth = Math.min(...filled.map((line) => line.length - line.trimStart().length))
  return lines
    .map((line) => line.slice(depth).trimEnd())
    .join("\n")
    .trim()
}

const isGap = (line: string): boolean => line.trim() === "// …"

const piecesOf = (lines: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const pieces: Array<Array<string>> = [[]]
  for (const line of lines) {
    if (isGap(line)) pieces.push([])
    else pieces.at(-1)?.push(line)
  }
  return pieces.filter((piece) => piece.some((line) => line.trim() !== ""))
}

/** Where the piece stands in the file, from a line on; -1: nowhere. */
const find = (source: ReadonlyArray<string>, piece: ReadonlyArray<string>, from: number): number => {
  const wanted = outdented(piece)
  const { length } = wanted.split("\n")
  for (let at = from; at + length <= source.length; at++) {
    if (source[at]?.trim() !== "" && outdented(source.slice(at, at + length)) === wanted) return at + length
  }
  return -1
}

const faultOf = ({ page, line, lines }: Listing): string | null => {
  const path = /^\/\/ (examples\/\S+\.ts)$/.exec(lines[0] ?? "")?.[1]
  if (path === undefined) return `${page}:${line} names no file of examples/`
  if (!exists(path)) return `${page}:${line} names ${path}, which is not there`
  const source = read(path).split("\n")
  let from = 0
  for (const piece of piecesOf(lines.slice(1))) {
    from = find(source, piece, from)
    if (from === -1) return `${page}:${line} is not in ${path}: ${piece[0]?.trim()}`
  }
  return null
}

it("every listing of the users' pages is in the file that it names", () => {
  expect(pages.length).toBeGreaterThan(10)
  expect(listings.length).toBeGreaterThan(30)
  expect(listings.map(faultOf).filter((fault) => fault !== null)).toEqual([])
})

it("every link of those pages leads to a file or a heading that is there", () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  const hasHeading = (path: string, anchor: string): boolean =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].some(([, heading = ""]) => slug(heading) === anchor)
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^https?:/.test(target)) return []
      const [path = "", anchor] = target.split("#")
      const url = new URL(path === "" ? page.split("/").at(-1)! : path, `file:///${page}`)
      const found = decodeURIComponent(url.pathname).slice(1)
      const isThere = exists(found) && (anchor === undefined || hasHeading(found, anchor))
      return isThere ? [] : [`${page}: ${target}`]
    })
  )
  expect(broken).toEqual([])
})
