/** Certificates for an hour, made by openssl in a folder of their own: an authority, a broker and a client that it vouches for. */
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { temporaryFolder } from "klamm-test-clients/Processes"

const run = promisify(execFile)
const opensslWithinMs = 20_000
const days = "1"

export interface Certificates {
  /** PEM text. */
  readonly authority: string
  /** PEM text of one that has signed nothing here. */
  readonly stranger: string
  /** The client's own, PEM text. */
  readonly client: { readonly cert: string; readonly key: string }
  /** Files as Kafka takes them: the broker's key and certificate, and whom it trusts. */
  readonly keystore: string
  readonly truststore: string
  readonly remove: () => void
}

/** The broker is known by its address alone: whoever calls it by a name finds somebody else. */
const brokerNames = "subjectAltName=IP:127.0.0.1"

export const makeCertificates = async (): Promise<Certificates> => {
  const folder = await temporaryFolder("certificates")
  const at = (name: string): string => join(folder, name)
  const openssl = (...parts: ReadonlyArray<string>) => run("openssl", parts, { timeout: opensslWithinMs })
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days]
  const authority = (name: string) =>
    openssl("req", "-x509", ...newKey, "-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.pem`))
  const signed = async (name: string, extension: ReadonlyArray<string>): Promise<void> => {
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)]
    const by = ["-CA", at("authority.pem"), "-CAkey", at("authority.key")]
    await openssl("req", "-x509", ...newKey, "-subj", `/CN=${name}`, ...by, ...extension, ...files)
  }
  await authority("authority")
  await authority("stranger")
  await signed("broker", ["-addext", brokerNames])
  await signed("client", [])
  const read = (name: string): Promise<string> => readFile(at(name), "utf8")
  await writeFile(at("keystore.pem"), `${await read("broker.key")}${await read("broker.pem")}`)
  return {
    authority: await read("authority.pem"),
    stranger: await read("stranger.pem"),
    client: { cert: await read("client.pem"), key: await read("client.key") },
    keystore: at("keystore.pem"),
    truststore: at("authority.pem"),
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
