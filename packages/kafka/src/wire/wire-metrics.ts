import type { ClientRole } from '../cluster.ts'
import type { MetricSet, MetricsRegistry, Spread, Total } from '../metrics.ts'

/** What the connections of one client count, under the names of Kafka's `Selector` and `Sender`. */
export class WireMetrics {
  readonly connectionCreations: Total
  readonly connectionCloses: Total
  readonly authentications: Total
  readonly failedAuthentications: Total
  readonly reauthentications: Total
  readonly failedReauthentications: Total
  readonly reauthenticationLatency: Spread
  readonly #registry: MetricsRegistry
  readonly #role: ClientRole
  readonly #clientId: string
  readonly #traffic: Traffic
  readonly #throttles: ReadonlyMap<string, Spread>

  constructor(registry: MetricsRegistry, role: ClientRole, clientId: string) {
    this.#registry = registry
    this.#role = role
    this.#clientId = clientId
    const set = registry.group(`${role}-metrics`, { 'client-id': clientId })
    this.connectionCreations = set.total('connection-creation-total')
    this.connectionCloses = set.total('connection-close-total')
    set.gauge('connection-count', () => this.connectionCreations.value - this.connectionCloses.value)
    this.authentications = set.total('successful-authentication-total')
    this.failedAuthentications = set.total('failed-authentication-total')
    this.reauthentications = set.total('successful-reauthentication-total')
    this.failedReauthentications = set.total('failed-reauthentication-total')
    this.reauthenticationLatency = set.spread('reauthentication-latency')
    this.#traffic = new Traffic(set)
    this.#throttles = throttlesOf(registry, set, role, clientId)
  }

  /** The meters of the connections to one broker. `nodeId` as in Kafka: `node-1`, and `node--1` for a bootstrap address. */
  node(nodeId: string): NodeMetrics {
    const tags = { 'client-id': this.#clientId, 'node-id': nodeId }
    return new NodeMetrics(this.#traffic, new Traffic(this.#registry.group(`${this.#role}-node-metrics`, tags)))
  }

  /** How long the broker told this client to wait (KIP-219), 0 mostly. */
  throttled(api: string, throttleMs: number, now: number): void {
    this.#throttles.get(api)?.record(throttleMs, now)
  }
}

export class NodeMetrics {
  readonly #ofClient: Traffic
  readonly #ofNode: Traffic

  constructor(ofClient: Traffic, ofNode: Traffic) {
    this.#ofClient = ofClient
    this.#ofNode = ofNode
  }

  sent(bytes: number, now: number): void {
    this.#ofClient.sent(bytes, now)
    this.#ofNode.sent(bytes, now)
  }

  answered(bytes: number, latencyMs: number, now: number): void {
    this.#ofClient.answered(bytes, latencyMs, now)
    this.#ofNode.answered(bytes, latencyMs, now)
  }
}

class Traffic {
  readonly #requests: Total
  readonly #responses: Total
  readonly #outgoing: Total
  readonly #incoming: Total
  readonly #operations: Total
  readonly #size: Spread
  readonly #latency: Spread

  constructor(set: MetricSet) {
    this.#requests = set.total('request-total')
    this.#responses = set.total('response-total')
    this.#outgoing = set.total('outgoing-byte-total')
    this.#incoming = set.total('incoming-byte-total')
    this.#operations = set.total('network-io-total')
    this.#size = set.spread('request-size')
    this.#latency = set.spread('request-latency')
  }

  sent(bytes: number, now: number): void {
    this.#requests.value++
    this.#operations.value++
    this.#outgoing.value += bytes
    this.#size.record(bytes, now)
  }

  answered(bytes: number, latencyMs: number, now: number): void {
    this.#responses.value++
    this.#operations.value++
    this.#incoming.value += bytes
    this.#latency.record(latencyMs, now)
  }
}

/** Kafka keeps throttle times where the request belongs: of producers with the client, of consumers with the fetches. */
function throttlesOf(
  registry: MetricsRegistry,
  set: MetricSet,
  role: ClientRole,
  clientId: string,
): ReadonlyMap<string, Spread> {
  if (role === 'producer') return new Map([['Produce', set.spread('produce-throttle-time')]])
  if (role !== 'consumer') return new Map()
  const fetches = registry.group('consumer-fetch-manager-metrics', { 'client-id': clientId })
  return new Map([['Fetch', fetches.spread('fetch-throttle-time')]])
}
