/**
 * Prints the encoding half of a codec: the mirror of DecodeSource. A field left out is written as its default; one given to
 * a version that does not carry it is an error unless it is ignorable; a tagged field is written when it is not the default.
 */
import * as Codec from "./Codec.ts"
import { defaultOf, type Member, type Spec } from "./Field.ts"
import { pascal, type Source } from "./Source.ts"

export class EncodeSource {
  private readonly wire: Codec.Wire
  private readonly source: Source

  constructor(wire: Codec.Wire, source: Source) {
    this.wire = wire
    this.source = source
  }

  /** A statement that writes the value of an expression. */
  private statement(path: string, spec: Spec, value: string): string {
    if (spec.kind === "array") return `${this.array(path, spec)}(w, ${value})`
    if (spec.kind !== "struct") return `w.${Codec.methodOf(spec, this.wire)}(${value})`
    const struct = this.struct(path, spec.members)
    if (!Codec.isNullable(spec, this.wire)) return `${struct}(w, ${value})`
    const nullable = this.source.add(`${struct}OrNull`, "w, struct", [
      `w.${Codec.presenceMethodOf(spec)}(struct !== null)`,
      `if (struct !== null) ${struct}(w, struct)`
    ])
    return `${nullable}(w, ${value})`
  }

  private array(path: string, spec: Spec): string {
    const count = Codec.isCompact(spec, this.wire) ? "w.compactCount" : "w.count"
    return this.source.add(`write${path}List`, "w, list", [
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
      return `(${value} === undefined || ${value} === ${this.source.literal(defaultOf(spec))})`
    }
    return `isDefault(${this.source.literal(spec)}, ${value})`
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
        ? `${given} === undefined ? ${this.source.literal(defaultOf(spec))} : ${given}`
        : given
      lines.push(this.statement(path + pascal(name), spec, value))
    }
    if (this.wire.flexible) lines.push(...this.tags(path, Codec.taggedMembers(members, this.wire)))
    return this.source.add(`write${path}`, "w, o", lines)
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
