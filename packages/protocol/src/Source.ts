/**
 * The generated code of one codec as it grows: its functions, each under a name of its own, and the values that have no
 * literal. DecodeSource and EncodeSource write into the same one; Compile evaluates it, print-codec prints it.
 */
export class Source {
  /** What the code calls `constants[0]`, … */
  readonly constants: Array<unknown> = []
  private readonly functions: Array<string> = []
  private readonly names = new Set<string>()

  /** Adds a function and answers the name it got: the wanted one, or that with a number where it is taken. */
  add(wanted: string, parameters: string, lines: ReadonlyArray<string>): string {
    let name = wanted
    for (let turn = 2; this.names.has(name); turn++) name = `${wanted}${turn}`
    this.names.add(name)
    const body = lines.map((line) => `  ${line}`).join("\n")
    this.functions.push(`const ${name} = (${parameters}) => {\n${body}\n}`)
    return name
  }

  /** The literal of a value, or the name of the constant that holds it. */
  literal(value: unknown): string {
    if (typeof value === "bigint") return `${value}n`
    if (typeof value !== "object" || value === null) return JSON.stringify(value)
    return `constants[${this.constants.push(value) - 1}]`
  }

  /** The whole, ending with the answer. */
  print(result: string): string {
    return [...this.functions, `return ${result}`].join("\n\n")
  }
}

/** A field's name as a part of a function's name. */
export const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
