/** A command could not do what it was asked for; the message is a whole sentence for the user, or empty when the user has been told. */
import * as Data from "effect/Data"

export class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly message: string }> {}

export const failed = (message: string): CommandFailed => new CommandFailed({ message })
