import { expect, it } from "vitest"
import { client, maxIterations } from "../../src/connection/Scram.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** The example of RFC 7677, section 3. */
const nonce = "rOprNGfwEbeRWgbNEkqO"
const challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
const conversation = () => client("SCRAM-SHA-256", "user", "pencil", nonce)

it("the exchange of RFC 7677", () => {
  const { first, next } = conversation()
  expect(text(first)).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
  const turn = next(utf8(challenge))
  expect(turn._tag === "Send" ? text(turn.bytes) : turn).toBe(
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
  )
  expect(next(utf8("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))).toEqual({ _tag: "Done" })
})

it("a server that can't prove itself, repeats our nonce or asks for too much or too little work is refused", () => {
  const proven = conversation()
  proven.next(utf8(challenge))
  expect(proven.next(utf8("v=AAAA"))._tag).toBe("Failed")
  expect(conversation().next(utf8(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`))._tag).toBe("Failed")
  for (const iterations of [1, maxIterations + 1]) {
    expect(conversation().next(utf8(challenge.replace("4096", `${iterations}`)))._tag).toBe("Failed")
  }
  expect(conversation().next(utf8("e=unknown-user"))).toEqual({ _tag: "Failed", reason: "unknown-user" })
})

it("names with the mechanism's own signs are written so that they can't be misread", () => {
  expect(text(client("SCRAM-SHA-512", "a=b,c", "x", "n").first)).toBe("n,,n=a=3Db=2Cc,r=n")
})
