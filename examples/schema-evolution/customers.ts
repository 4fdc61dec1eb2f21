/**
 * Schema evolution: what was written last year is read as if it had been written today.
 *
 * The topic's value is the newest shape. Its encoded form is a union of all that were ever written, told apart by what they have; decoding
 * lifts the old ones. A field that came later has a default, so that older writers and readers go on beside newer ones.
 */
import { Topic } from "@klamm/client"
import { Effect, Schema, SchemaTransformation } from "effect"

/** As the first release wrote it: one name, and no language. */
export const CustomerV1 = Schema.Struct({ name: Schema.String })

/** Now: two names; the language came later still, and whoever leaves it out means English. */
export const Customer = Schema.Struct({
  version: Schema.Literal(2),
  given: Schema.String,
  family: Schema.String,
  language: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("en")))
})

/** Old or new on the wire; new in the program. What is written is always new. */
const lifted = CustomerV1.pipe(
  Schema.decodeTo(
    Schema.toType(Customer),
    SchemaTransformation.transform({
      decode: ({ name }) => {
        const [given = "", ...family] = name.split(" ")
        return { version: 2 as const, given, family: family.join(" "), language: "en" }
      },
      encode: ({ given, family }) => ({ name: `${given} ${family}` })
    })
  )
)

const key = Schema.String

export const Customers = Topic.make("customers", { key, value: Schema.Union([Customer, lifted]) })

/** What the first release of the program has. */
export const CustomersV1 = Topic.make("customers", { key, value: CustomerV1 })
