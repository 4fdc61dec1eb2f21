/** A network of one's own: TCP, but every connection breaks after so many writes, as behind a router that forgets. */
import { Network } from "@klamm/testing"
import { Effect, Layer } from "effect"

export const layer = (options: { readonly writes: number }): Layer.Layer<Network.Network> =>
  Layer.effect(
    Network.Network,
    Effect.gen(function* () {
      const network = yield* Network.Network
      const mortal = (connection: Network.Connection): Network.Connection => {
        let left = options.writes
        return {
          remote: connection.remote,
          local: connection.local,
          read: connection.read,
          close: connection.close,
          write: (chunks) =>
            Effect.suspend(() => {
              left -= 1
              return left >= 0 ? connection.write(chunks) : Effect.andThen(connection.close, connection.write(chunks))
            })
        }
      }
      return Network.Network.of({
        listen: (address, receiving, accept) => network.listen(address, receiving, (each) => accept(mortal(each))),
        connect: (address, receiving) => network.connect(address, receiving)
      })
    })
  ).pipe(Layer.provide(Network.layerTcp))
