/**
 * From whom is meant to where that is, and the request there. Whoever serves any request is the broker with the fewest requests under
 * way; when none of those known can be reached, the client begins again at its bootstrap servers (KIP-899).
 *
 * Invariant: nothing is repeated here but the question who someone is. Neighbours: `MetadataCache.ts` holds what is known,
 * `../connection/Connections.ts` has the connections.
 */
import type { Address } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import type {
  Answer,
  ApiPair,
  Body,
  Broker,
  ClusterMetadata,
  CoordinatorKind,
  RequestOptions,
  Target
} from "../Cluster.ts"
import type { BrokerConnection } from "../connection/BrokerConnection.ts"
import type { Connections } from "../connection/Connections.ts"
import { ConnectionError, type RequestError } from "../KlammError.ts"
import type { Settings } from "../Options.ts"
import { Coordinators, findCoordinatorApi, found, lookupOf } from "./Coordinators.ts"

export const mainLane = "main"

/** Where a request goes. Bootstrap servers have ids below 0. */
export interface Place {
  readonly id: number
  readonly address: Address
}

export interface RouterParts {
  readonly settings: Settings
  readonly connections: Connections
  readonly random: (typeof Random.Random)["Service"]
  readonly known: () => ClusterMetadata
  /** Asks for the brokers anew. */
  readonly refresh: Effect.Effect<unknown, RequestError>
}

const placeOf = ({ id, host, port }: Broker): Place => ({ id, address: { host, port } })

export class Router {
  readonly coordinators = new Coordinators()
  private readonly parts: RouterParts

  constructor(parts: RouterParts) {
    this.parts = parts
  }

  request<Request, Response>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    options: RequestOptions = {}
  ): Effect.Effect<Answer<Response>, RequestError> {
    return this.connected(target, options, (connection, brokerId) =>
      connection.request(
        api,
        body,
        (answer, version, frame): Answer<Response> => ({ body: answer, version, brokerId, release: frame.release }),
        options
      )
    )
  }

  ask<Request, Response, A>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    use: (answer: ApiPair<Request, Response>["response"]["Type"], version: number) => A,
    options: RequestOptions = {}
  ): Effect.Effect<A, RequestError> {
    return this.connected(target, options, (connection) =>
      connection.request(
        api,
        body,
        (answer, version, frame) => {
          const made = use(answer, version)
          frame.release()
          return made
        },
        options
      )
    )
  }

  tell<Request, Response>(
    target: Target,
    api: ApiPair<Request, Response>,
    body: Body<Request>,
    options: RequestOptions = {}
  ): Effect.Effect<void, RequestError> {
    return this.connected(target, options, (connection) => connection.tell(api, body, options))
  }

  private connected<A>(
    target: Target,
    { lane = mainLane }: RequestOptions,
    use: (connection: BrokerConnection, brokerId: number) => Effect.Effect<A, RequestError>
  ): Effect.Effect<A, RequestError> {
    return Effect.flatMap(this.placeOf(target), ({ id, address }) =>
      Effect.flatMap(this.parts.connections.to(address, lane), (connection) => use(connection, id))
    )
  }

  private placeOf(target: Target): Effect.Effect<Place, RequestError> {
    switch (target._tag) {
      case "Any":
        return Effect.sync(() => this.anyPlace())
      case "Broker":
        return this.brokerPlace(target.id)
      case "Controller":
        return Effect.suspend(() => {
          const { brokers, controllerId } = this.parts.known()
          const known = brokers.get(controllerId)
          return Effect.succeed(known === undefined ? this.anyPlace() : placeOf(known))
        })
      case "Coordinator":
        return Effect.map(this.coordinatorOf(target.kind, target.key), placeOf)
    }
  }

  private brokerPlace(id: number): Effect.Effect<Place, RequestError> {
    return Effect.suspend(() => {
      const { known, refresh } = this.parts
      const broker = known().brokers.get(id)
      if (broker !== undefined) return Effect.succeed(placeOf(broker))
      return Effect.flatMap(refresh, () => {
        const now = known().brokers.get(id)
        return now === undefined
          ? Effect.fail(new ConnectionError({ reason: "NoBroker", address: `broker ${id}` }))
          : Effect.succeed(placeOf(now))
      })
    })
  }

  coordinatorOf(kind: CoordinatorKind, key: string): Effect.Effect<Broker, RequestError> {
    return Effect.suspend(() => {
      const known = this.coordinators.get(kind, key)
      if (known !== undefined) return Effect.succeed(known)
      const { body, options } = lookupOf(kind, key)
      const asked = this.ask(
        { _tag: "Any" },
        findCoordinatorApi,
        body,
        (answer, version) => found(kind, key, answer, version),
        options
      )
      return Effect.tap(Effect.flatten(asked), (broker) =>
        Effect.sync(() => this.coordinators.remember(kind, key, broker))
      )
    })
  }

  /** How many places there are to try before one must give up. */
  get placeCount(): number {
    return this.parts.known().brokers.size + this.parts.settings.bootstrap.length
  }

  private anyPlace(): Place {
    const { settings, known } = this.parts
    const brokers = Array.from(known().brokers.values(), placeOf)
    const bootstrap = settings.bootstrap.map((address, index): Place => ({ id: -1 - index, address }))
    const reachable = this.reachable(brokers)
    if (reachable.length > 0) return this.idlest(reachable)
    const mayBootstrap = brokers.length === 0 || settings.metadataRecoveryStrategy === "rebootstrap"
    if (!mayBootstrap) return this.idlest(brokers)
    const beginnings = this.reachable(bootstrap)
    return this.idlest(beginnings.length > 0 ? beginnings : [...brokers, ...bootstrap])
  }

  private reachable(places: ReadonlyArray<Place>): ReadonlyArray<Place> {
    return places.filter(({ address }) => !this.parts.connections.isAvoided(address))
  }

  /** The place with the fewest requests under way; among equals chance decides. */
  private idlest(places: ReadonlyArray<Place>): Place {
    const loads = places.map(({ address }) => this.parts.connections.inFlight(address))
    const least = Math.min(...loads)
    const idle = places.filter((_, index) => loads[index] === least)
    return idle[Math.floor(this.parts.random.nextDoubleUnsafe() * idle.length)] ?? places[0]!
  }
}
