/**
 * Prints the encoding half of a codec: the mirror of DecodeSource. A field left out is written as its default; one given to
 * a version that does not carry it is an error unless it is ignorable; a tagged field is written when it is not the default.
 */
import * as Codec from "./Codec.ts"
import { literal, pascal } from "./DecodeSource.ts"
import { defaultOf, type Member, type Spec } from "./Field.ts"

const indented = (lines: ReadonlyArray<string>): string => lines.map((line) => `  ${line}`).join("\n")

export class EncodeSource {
  readonly functions: Array<string> = []
  private readonly wire: Codec.Wire
  private readonly constants: Array<unknown>

  constructor(wire: Codec.Wire, constants: Array<unknown>) {
    this.wire = wire
    this.constants = constants
  }

  private print(name: string, parameter: string, lines: ReadonlyArray<string>): string {
    this.functions.push(`const ${name} = (w, ${parameter}) => {\n${indented(lines)}\n}`)
    return name
  }

  /** A statement that writes the value of an expression. */
  private statement(path: string, spec: Spec, value: string): string {
    if (spec.kind === "array") return `${this.array(path, spec)}(w, ${value})`
    if (spec.kind !== "struct") return `w.${Codec.methodOf(spec, this.wire)}(${value})`
    const struct = this.struct(path, spec.members)
    if (!Codec.isNullable(spec, this.wire)) return `${struct}(w, ${value})`
    const nullable = this.print(`${struct}OrNull`, "struct", [
      `w.${Codec.presenceMethodOf(spec)}(struct !== null)`,
      `if (struct !== null) ${struct}(w, struct)`
    ])
    return `${nullable}(w, ${value})`
  }

  private array(path: string, spec: Spec): string {
    const count = Codec.isCompact(spec, this.wire) ? "w.compactCount" : "w.count"
    return this.print(`write${path}List`, "list", [
      ...(Codec.isNullable(spec, this.wire) ? [`if (list === null) return ${count}(-1)`] : []),
      `${count}(list.length)`,
      `for (let index = 0; index < list.length; index++) ${this.statement(path, Codec.elementOf(spec), "list[index]")}`
    ])
  }

  /** An expression that is true when the field is what it would be if it were not sent. */
  private absent(name: string, spec: Spec): string {
    const value = `o.${name}`
    const scalar = !["struct", "array", "bytes", "records"].includes(spec.kind)
    if (scalar || spec.explicitDefault === null) {
      return `(${value} === undefined || ${value} === ${literal(defaultOf(spec), this.constants)})`
    }
    return `isDefault(${literal(spec, this.constants)}, ${value})`
  }

  /** Prints the function that writes a struct and answers its name. */
  struct(path: string, members: ReadonlyArray<Member>): string {
    const lines: Array<string> = []
    for (const { name, spec } of Codec.missingMembers(members, this.wire)) {
      lines.push(`if (!${this.absent(name, spec)}) throw notCarried(${JSON.stringify(name)})`)
    }
    for (const { name, spec } of Codec.inlineMembers(members, this.wire)) {
      const given = `o.${name}`
      const value = spec.omittable
        ? `${given} === undefined ? ${literal(defaultOf(spec), this.constants)} : ${given}`
        : given
      lines.push(this.statement(path + pascal(name), spec, value))
    }
    if (this.wire.flexible) lines.push(...this.tags(path, Codec.taggedMembers(members, this.wire)))
    return this.print(`write${path}`, "o", lines)
  }

  private tags(path: string, tagged: ReadonlyArray<Member>): ReadonlyArray<string> {
    if (tagged.length === 0) return ["w.uvarint(0)"]
    const given = tagged.map(({ name, spec }) => `const has${pascal(name)} = !${this.absent(name, spec)}`)
    const sum = tagged.map(({ name }) => `(has${pascal(name)} ? 1 : 0)`).join(" + ")
    const fields = tagged.flatMap(({ name, spec }) => [
      `if (has${pascal(name)}) {`,
      `  const mark = w.beginTag(${spec.tag})`,
      `  ${this.statement(path + pascal(name), spec, `o.${name}`)}`,
      "  w.endTag(mark)",
      "}"
    ])
    return [...given, `w.uvarint(${sum})`, ...fields]
  }
}
