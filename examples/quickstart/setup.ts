/** A test that imports a program for its topics does not start it: here the program's main does nothing. */
import { vi } from "vitest"

vi.mock("@effect/platform-node", async (original) => ({
  ...(await original<object>()),
  NodeRuntime: { runMain: () => undefined }
}))
