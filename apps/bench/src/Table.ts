/** Rows as text: for a terminal in columns, and as Markdown for a page. Pure. Invariant: every row has as many cells as the head. */

const isNumeric = (text: string): boolean => /^[≥≤]? ?[\d.,]+(?: ±\d+%)?$/.test(text)

export const textTable = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)))
  const line = (row: ReadonlyArray<string>): string =>
    head
      .map((_, column) => {
        const text = row[column] ?? ""
        return isNumeric(text) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
      })
      .join("  ")
      .trimEnd()
  const rule = widths.map((width) => "─".repeat(width)).join("  ")
  return [line(head), rule, ...rows.map(line)].join("\n")
}

export const markdownTable = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const line = (row: ReadonlyArray<string>): string =>
    `| ${head.map((_, column) => (row[column] ?? "").replaceAll("|", "\\|")).join(" | ")} |`
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n")
}
