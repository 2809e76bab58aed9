import type { ClientRole } from '../cluster.ts'
import type { MetricSet, MetricsRegistry, Spread, Total } from '../metrics.ts'

/** Kafka's names for what the answers to one API are measured by; stems of `-avg` and `-max` but for the total. */
interface ApiNames {
  readonly group: string
  readonly total?: string
  readonly latency?: string
  readonly size?: string
  readonly throttle?: string
}

interface ApiMeters {
  readonly total: Total | undefined
  readonly latency: Spread | undefined
  readonly size: Spread | undefined
  readonly throttle: Spread | undefined
}

const FETCHES = 'consumer-fetch-manager-metrics'
const GROUP = 'consumer-coordinator-metrics'
const HEARTBEAT: ApiNames = { group: GROUP, total: 'heartbeat-total', latency: 'heartbeat-response-time' }
const COMMIT: ApiNames = { group: GROUP, total: 'commit-total', latency: 'commit-latency' }
const NAMES: Readonly<Partial<Record<ClientRole, Readonly<Record<string, ApiNames>>>>> = {
  producer: { Produce: { group: 'producer-metrics', throttle: 'produce-throttle-time' } },
  consumer: {
    Fetch: {
      group: FETCHES,
      total: 'fetch-total',
      latency: 'fetch-latency',
      size: 'fetch-size',
      throttle: 'fetch-throttle-time',
    },
    Heartbeat: HEARTBEAT,
    ConsumerGroupHeartbeat: HEARTBEAT,
    JoinGroup: { group: GROUP, total: 'join-total', latency: 'join-time' },
    SyncGroup: { group: GROUP, total: 'sync-total', latency: 'sync-time' },
  },
  // Commits go over the connections that everybody shares, under the client id of the whole.
  'admin-client': { OffsetCommit: COMMIT },
}

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
  readonly #apis = new Map<string, ApiMeters>()

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
  }

  /** The meters of the connections to one broker. `nodeId` as in Kafka: `node-1`, and `node--1` for a bootstrap address. */
  node(nodeId: string): NodeMetrics {
    const tags = { 'client-id': this.#clientId, 'node-id': nodeId }
    return new NodeMetrics(this.#traffic, new Traffic(this.#registry.group(`${this.#role}-node-metrics`, tags)))
  }

  /** What one answer took, under the names that its API has in Kafka's metrics, if it has any. */
  answered(api: string, bytes: number, latencyMs: number, throttleMs: number, now: number): void {
    const names = NAMES[this.#role]?.[api]
    if (names === undefined) return
    let meters = this.#apis.get(api)
    if (meters === undefined) this.#apis.set(api, (meters = this.#metersOf(names)))
    meters.total?.add()
    meters.latency?.record(latencyMs, now)
    meters.size?.record(bytes, now)
    meters.throttle?.record(throttleMs, now)
  }

  #metersOf({ group, total, latency, size, throttle }: ApiNames): ApiMeters {
    const set = this.#registry.group(group, { 'client-id': this.#clientId })
    return {
      total: total === undefined ? undefined : set.total(total),
      latency: latency === undefined ? undefined : set.spread(latency),
      size: size === undefined ? undefined : set.spread(size),
      throttle: throttle === undefined ? undefined : set.spread(throttle),
    }
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
