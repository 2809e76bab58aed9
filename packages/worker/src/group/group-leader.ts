import type { GroupIdentity, MemberBytes, MemberMetadata } from '@sluice/kafka'
import { type Clock, type Logger, describeError } from '@sluice/sdk'
import type { ConfigSnapshot } from '../storage/config-store.ts'
import { assignEagerly } from './eager-assignor.ts'
import { INITIAL_STATE, type IncrementalState, type MemberShare, assignIncrementally } from './incremental-assignor.ts'
import {
  CONFIG_MISMATCH,
  NO_ERROR,
  type ProtocolVersion,
  type WorkerMetadata,
  decodeMetadata,
  encodeAssignment,
} from './protocol.ts'
import { fitsString } from './schema-writer.ts'
import type { Work } from './work-assignment.ts'
import { itemsOf, keyOf } from './work-set.ts'

const NO_WORK: Work = { connectors: [], tasks: [] }
const NO_SHARE: MemberShare = { assigned: NO_WORK, revoked: NO_WORK }

export interface LeaderParts {
  readonly clock: Clock
  readonly logger: Logger
  /** `scheduled.rebalance.max.delay.ms`. */
  readonly delayMaxMs: number
  snapshot(): Promise<ConfigSnapshot>
}

/** What a worker that leads is asked in a rebalance. */
export interface LeaderQuestion {
  readonly version: ProtocolVersion
  readonly members: readonly MemberMetadata[]
  readonly identity: GroupIdentity
  /** What the leader joined with. */
  readonly snapshot: ConfigSnapshot
  /** The last one this worker has seen completed; -1: none. */
  readonly completedGeneration: number
}

export interface LeaderAnswer {
  readonly bytes: MemberBytes
  /** By `keyOf`: the REST address of whoever has it. */
  readonly owners: ReadonlyMap<string, string>
}

interface Decision {
  readonly shares: ReadonlyMap<string, MemberShare>
  readonly holdings: ReadonlyMap<string, Work>
  readonly delayMs: number
}

/** Shares the group's work out when this worker leads, whatever protocol the group speaks. Its memory is kept from one time to the next. */
export class GroupLeader {
  readonly #parts: LeaderParts
  #state: IncrementalState = INITIAL_STATE

  constructor(parts: LeaderParts) {
    this.#parts = parts
  }

  async assign({ version, members, identity, snapshot, completedGeneration }: LeaderQuestion): Promise<LeaderAnswer> {
    const workers = this.#readable(members)
    const offsets = Array.from(workers.values(), ({ configOffset }) => configOffset)
    const wanted = offsets.reduce((most, offset) => (offset > most ? offset : most), -1n)
    const latest = await this.#reaching(wanted, snapshot)
    const decision =
      latest === null
        ? { shares: new Map<string, MemberShare>(), holdings: new Map<string, Work>(), delayMs: 0 }
        : this.#decide(version, this.#configured(latest), workers, identity.generationId, completedGeneration)
    const told = {
      error: latest === null ? CONFIG_MISMATCH : NO_ERROR,
      leaderId: identity.memberId,
      leaderUrl: workers.get(identity.memberId)?.url ?? '',
      configOffset: latest === null ? wanted : BigInt(latest.offset),
      delayMs: decision.delayMs,
    }
    // Also who could not be understood is told, and given nothing.
    const bytes = members.map(({ memberId }): [string, Uint8Array] => {
      return [memberId, encodeAssignment(version, { ...told, ...(decision.shares.get(memberId) ?? NO_SHARE) })]
    })
    const owners = Array.from(decision.holdings).flatMap(([memberId, work]) => {
      return itemsOf(work).map((item): [string, string] => [keyOf(item), workers.get(memberId)?.url ?? ''])
    })
    return { bytes: new Map(bytes), owners: new Map(owners) }
  }

  #decide(
    version: ProtocolVersion,
    configured: Work,
    workers: ReadonlyMap<string, WorkerMetadata>,
    generation: number,
    completedGeneration: number,
  ): Decision {
    if (version === 0) {
      const holdings = assignEagerly(configured, workers.keys())
      const shares = Array.from(holdings, ([id, assigned]): [string, MemberShare] => [id, { ...NO_SHARE, assigned }])
      return { shares: new Map(shares), holdings, delayMs: 0 }
    }
    const held = Array.from(workers, ([id, { allocation }]): [string, Work] => [id, allocation?.assigned ?? NO_WORK])
    const outcome = assignIncrementally(this.#state, {
      configured,
      members: new Map(held),
      generation,
      completedGeneration,
      now: this.#parts.clock.monotonic(),
      delayMaxMs: this.#parts.delayMaxMs,
    })
    this.#state = outcome.state
    return outcome
  }

  #readable(members: readonly MemberMetadata[]): ReadonlyMap<string, WorkerMetadata> {
    const workers = new Map<string, WorkerMetadata>()
    for (const { memberId, metadata } of members) {
      try {
        workers.set(memberId, decodeMetadata(metadata))
      } catch (error) {
        // Java's leader would end here, and every next one after it.
        const what = 'A member of the group says what no worker says: it is given no work'
        this.#parts.logger.warn(what, { memberId, error: describeError(error) })
      }
    }
    return workers
  }

  /** What the work is shared out from: no less than what any member has read. Null: this worker cannot reach that. */
  async #reaching(wanted: bigint, snapshot: ConfigSnapshot): Promise<ConfigSnapshot | null> {
    if (BigInt(snapshot.offset) >= wanted) return snapshot
    const fresh = await this.#parts.snapshot()
    if (BigInt(fresh.offset) >= wanted) return fresh
    const facts = { wanted: String(wanted), offset: fresh.offset }
    this.#parts.logger.info(
      'Another worker has read further in the config topic: nothing is shared out before this one has',
      facts,
    )
    return null
  }

  #configured(snapshot: ConfigSnapshot): Work {
    const connectors = snapshot.connectors().filter((connector) => {
      if (fitsString(connector)) return true
      const facts = { connector: connector.slice(0, 100), length: connector.length }
      this.#parts.logger.warn('The name of a connector is longer than the group can say: it runs nowhere', facts)
      return false
    })
    return { connectors, tasks: connectors.flatMap((connector) => [...snapshot.tasks(connector)]) }
  }
}
