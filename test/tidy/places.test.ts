/** The tree names no machine it was written on, no absolute path of a home or work folder, no private address, and keeps no run's leavings. */
import { expect, it } from "vitest"
import { files, read } from "./sources.ts"

const TEXT = /\.(?:ts|mts|js|mjs|json|md|yaml|yml|sh|tsv|txt|html|css|properties)$|(?:^|\/)\.?[A-Za-z]+$/

/** The folders are joined here so that this file does not hold their paths itself. */
const FOLDERS = ["work", "root", "home/[a-z]", "Users/[A-Za-z]"].map((folder) => `/${folder}`)
const PATH = new RegExp(`(?<![\\w.$})\\]-])(?:${FOLDERS.map((folder) => `${folder}[\\w.-]*/`).join("|")})`)
const PRIVATE_ADDRESS =
  /(?<![\d.])(?:10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3})(?![\d.])/
/** Only where an address stands: `row.internal` is a field. */
const PRIVATE_HOST = /(?:\/\/|@)[\w.-]*\.(?:internal|intranet|corp|lan)\b/

const LEAVINGS = /\.(?:log|out|tmp|cpuprofile|heapprofile|heapsnapshot)$|(?:^|\/)core(?:\.\d+)?$/

const linesWith = (path: string, pattern: RegExp): ReadonlyArray<string> =>
  read(path)
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 120)}`] : []))

const textFiles = files.filter((path) => TEXT.test(path))

it("there are no absolute paths of somebody's machine", () => {
  expect(textFiles.length).toBeGreaterThan(0)
  expect(textFiles.flatMap((path) => linesWith(path, PATH))).toEqual([])
})

it("there are no private addresses or host names", () => {
  expect(textFiles.flatMap((path) => linesWith(path, PRIVATE_ADDRESS))).toEqual([])
  expect(textFiles.flatMap((path) => linesWith(path, PRIVATE_HOST))).toEqual([])
})

it("there is nothing that a profiler or a run has left behind", () => {
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter((path) => LEAVINGS.test(path))).toEqual([])
})
