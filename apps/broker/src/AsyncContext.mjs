/**
 * Effect makes an AsyncResource each time a fiber waits, so that AsyncLocalStorage follows fibers. Nothing in a broker reads one, and the
 * resources are a tenth of what a request costs (decision 0009). Effect looks for the class once, while it is loaded: `load` runs as if
 * Node had none. JavaScript, because it is needed before anything else.
 */
export const withoutAsyncContext = async (load) => {
  const { getBuiltinModule } = process
  process.getBuiltinModule = (id) => (id === "node:async_hooks" ? undefined : getBuiltinModule(id))
  try {
    return await load()
  } finally {
    process.getBuiltinModule = getBuiltinModule
  }
}
