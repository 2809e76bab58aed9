import type { ApiName } from '@sluice/kafka-protocol'
import type { VersionCaps } from './api/registry.ts'
import type { RequestEntry } from './api/request-ring.ts'
import type { EmbeddedKafkaOptions } from './options.ts'
import { RunningBroker } from './running-broker.ts'
import type { Intercept, InterceptOptions, InterceptedRequest, Verdict } from './server/faults.ts'

/** A broker that runs in this process. */
export interface EmbeddedKafka extends FaultVerbs, AsyncDisposable {
  /** `host:port,host:port`: what clients are configured with. */
  readonly bootstrapServers: string
  /** One of each node, in the order of ids. */
  readonly addresses: readonly NodeAddress[]
  readonly clusterId: string
  /** The last requests, oldest first, for failure reports. */
  requests(): readonly RequestEntry[]
  /** Connections that are open now. */
  readonly connectionCount: number
  /** Bytes held for clients: requests that are not whole yet, answers that are not taken. Bounded by `queued.max.request.bytes`. */
  readonly heldBytes: number
  /** Stops listening, disconnects everybody, flushes, and lets go of the directory. May be called again. */
  close(): Promise<void>
}

export interface NodeAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** Faults on demand: answers that go wrong, and what else happens to brokers. Each takes effect before it returns. */
export interface FaultVerbs {
  /**
   * Lets `judge` decide what becomes of requests to this API (`'*'`: all): see `fault`. Acts once unless told otherwise.
   *
   * ```ts
   * const lost = kafka.intercept('EndTxn', () => fault.after(() => 'drop'))
   * ```
   */
  intercept<N extends ApiName>(
    api: N | '*',
    judge: (request: InterceptedRequest<N>) => Verdict<N>,
    options?: InterceptOptions,
  ): Intercept
  /** Removes every intercept. */
  clearIntercepts(): void
  /** The member's session ends now. */
  expireMember(groupId: string, memberId: string): void
  /** The open transaction times out now. */
  expireTransaction(transactionalId: string): void
  /** As if another producer had been initialised: the one before is fenced. */
  bumpEpoch(transactionalId: string): void
  /** Another node coordinates this group or transactional id. */
  moveCoordinator(kind: 'group' | 'transaction', key: string, node: number): void
  /** Another node leads, in the next epoch. */
  moveLeader(topic: string, partition: number, node: number): void
  /** The node disconnects everybody and stops listening; what it led has no leader. */
  killNode(node: number): Promise<void>
  /** The node listens again, on the same port. */
  restartNode(node: number): Promise<void>
  compactNow(topic: string): void
  retainNow(topic: string): void
  /** The broker's time stands still. */
  freezeClock(): void
  advanceClock(ms: number): void
  thawClock(): void
  /** Every answer asks for so long a silence; 0 ends it. */
  setThrottle(ms: number): void
  /** Transactions end at once, their markers are written so much later; 0 ends it. */
  lateMarkers(ms: number): void
  /** Offers an API in these versions at most, or (null) not at all. Replaces the caps before. */
  capVersions(caps: VersionCaps): void
}

/**
 * Starts a broker. It is for one machine: development, tests, demos.
 * @throws BrokerStartError when a port or the directory is in use, or the host is none of this machine's
 */
export function startEmbeddedKafka(options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
  return RunningBroker.start(options)
}
