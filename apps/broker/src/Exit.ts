/** How the process ends when it has to. */

/** What was asked for is wrong. */
export const wrongUsage = 2
/** The broker could not start or go on. */
export const failed = 1

export const quit = (message: string, code: number): never => {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}
