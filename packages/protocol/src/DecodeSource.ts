/**
 * Prints the decoding half of a codec: one function per struct and per array, named after the path of fields that leads to
 * it. Values are locals named `$field`, so that no field name can clash with the language or with ours.
 */
import * as Codec from "./Codec.ts"
import { defaultOf, includes, type Member, type Spec } from "./Field.ts"
import { pascal, type Source } from "./Source.ts"

export class DecodeSource {
  private readonly wire: Codec.Wire
  private readonly source: Source

  constructor(wire: Codec.Wire, source: Source) {
    this.wire = wire
    this.source = source
  }

  /** An expression that reads one field. */
  private value(path: string, spec: Spec): string {
    if (spec.kind === "array") return `${this.array(path, spec)}(r)`
    if (spec.kind !== "struct") return `r.${Codec.methodOf(spec, this.wire)}()`
    const struct = `${this.struct(path, spec.members)}(r)`
    return Codec.isNullable(spec, this.wire) ? `(r.${Codec.presenceMethodOf(spec)}() ? ${struct} : null)` : struct
  }

  private array(path: string, spec: Spec): string {
    const element = this.value(path, Codec.elementOf(spec))
    const minBytes = Codec.elementMinBytes(spec, this.wire)
    return this.source.add(`read${path}List`, "r", [
      `const count = r.${Codec.countMethodOf(spec, this.wire)}(${minBytes})`,
      ...(Codec.isNullable(spec, this.wire) ? ["if (count < 0) return null"] : []),
      "const list = new Array(count)",
      `for (let index = 0; index < count; index++) list[index] = ${element}`,
      "return list"
    ])
  }

  /** Prints the function that reads a struct and answers its name. */
  struct(path: string, members: ReadonlyArray<Member>): string {
    const nested = (member: Member): string => this.value(path + pascal(member.name), member.spec)
    const inline = new Set(Codec.inlineMembers(members, this.wire))
    const lines: Array<string> = []
    for (const member of members) {
      if (inline.has(member)) lines.push(`const $${member.name} = ${nested(member)}`)
      else {
        const carried = this.wire.flexible && includes(member.spec.versions, this.wire.version)
        const absent = this.source.literal(defaultOf(member.spec))
        lines.push(`${carried ? "let" : "const"} $${member.name} = ${absent}`)
      }
    }
    if (this.wire.flexible) lines.push(...this.tags(Codec.taggedMembers(members, this.wire), nested))
    lines.push(`return { ${members.map(({ name }) => `${name}: $${name}`).join(", ")} }`)
    return this.source.add(`read${path}`, "r", lines)
  }

  private tags(tagged: ReadonlyArray<Member>, nested: (member: Member) => string): ReadonlyArray<string> {
    if (tagged.length === 0) return ["r.skipTags()"]
    return [
      "const tags = r.tagCount()",
      "for (let index = 0, tag = -1; index < tags; index++) {",
      "  tag = r.tag(tag)",
      "  const end = r.tagEnd()",
      "  switch (tag) {",
      ...tagged.map(
        (member) => `    case ${member.spec.tag}: $${member.name} = ${nested(member)}; r.endTag(end); break`
      ),
      "    default: r.offset = end",
      "  }",
      "}"
    ]
  }
}
