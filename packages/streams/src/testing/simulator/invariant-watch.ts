import { checkTally, decodeTally, total, type CommittedOffset } from '@sluice/kafka'
import { readQuarantineHeaders } from '@sluice/quality'
import type { RawHeader } from '@sluice/sdk'
import { readCommitMetadata } from '../../record-path/commit-metadata.ts'
import { keyOf } from '../../runtime/partition-key.ts'
import type { Topology } from '../../topology/topology.ts'
import type { BrokerWatch, SimulatedBroker } from './simulated-broker.ts'
import type { Place } from './simulated-group.ts'
import type { LogRecord } from './simulated-log.ts'
import type { UnderWay } from './simulated-producer.ts'

/** Of docs/explanation/invariants.md; 0: something that must never happen, whatever goes wrong. */
export type Invariant = 0 | 1 | 2 | 3 | 4

export interface Violation {
  readonly invariant: Invariant
  readonly what: string
}

/** The header by which a result is known to come from an input. */
export const ORIGIN_HEADER = 'simulated-origin'

/** Stores whose topologies put out, at one record, what was made of others before. */
const HOLD_BACK: ReadonlySet<string> = new Set(['suppression', 'recordBuffer', 'outerJoin'])

export interface WatchParts {
  readonly broker: SimulatedBroker
  /** The application's. */
  readonly topology: Topology
  readonly isExactlyOnce: boolean
  readonly quarantineTopic: string
  /** What an instance has handed to producers and the broker does not have, by its name. */
  readonly underWayOf: (client: string) => Iterable<UnderWay>
}

/** Watches over the invariants at every commit, and at the end. */
export class InvariantWatch implements BrokerWatch {
  readonly #parts: WatchParts
  readonly violations: Violation[] = []
  /** By topic that is written: the topics that are read by the one sub-topology that writes it. */
  readonly #madeFrom: ReadonlyMap<string, ReadonlySet<string>>

  constructor(parts: WatchParts) {
    this.#parts = parts
    this.#madeFrom = madeFrom(parts.topology)
  }

  add(invariant: Invariant, what: string): void {
    this.violations.push({ invariant, what })
  }

  /** Invariant 3: nobody writes positions of partitions that another one was given. */
  onOffsets({ memberId }: Place, client: string, offsets: readonly CommittedOffset[], isTransactional: boolean): void {
    for (const offset of offsets) {
      const owner = this.#parts.broker.group.ownerOf(offset)
      if (owner === undefined || owner === memberId) continue
      const how = isTransactional ? 'adds to its transaction' : 'commits'
      this.add(3, `${memberId} (${client}) ${how} ${keyOf(offset)}, which ${owner} has`)
    }
  }

  /** Invariants 1 and 2: what comes before the position is durable, and counted. */
  onCommitted(offsets: readonly CommittedOffset[], client: string): void {
    const { broker } = this.#parts
    for (const offset of offsets) {
      const before = broker.committedAt(offset)?.offset ?? 0
      const { endOffset } = broker.partition(offset)
      const place = `${keyOf(offset)} ${offset.offset}`
      if (offset.offset < before) this.add(1, `${client} goes back to ${place} from ${before}`)
      if (offset.offset > endOffset) this.add(1, `${client} commits ${place} behind the end ${endOffset}`)
      this.#checkTally(offset, place)
      this.#checkUnderWay(offset, client, place)
    }
  }

  /** Invariants 2 and 4 of what was quarantined. `committed`: the last word of each partition. */
  checkQuarantine(committed: readonly CommittedOffset[]): void {
    const { broker, quarantineTopic, isExactlyOnce } = this.#parts
    const records = broker.topics.get(quarantineTopic)?.flatMap((partition) => partition.committed()) ?? []
    const counts = new Map<string, number>()
    for (const record of records) {
      const origin = this.#checkOriginal(record)
      if (origin !== null) counts.set(origin, (counts.get(origin) ?? 0) + 1)
    }
    for (const offset of committed) {
      const counted = total(decodeTally(offset.metadata).quarantined)
      const found = counts.get(keyOf(offset)) ?? 0
      if (isExactlyOnce ? counted !== found : counted > found)
        this.add(2, `${keyOf(offset)}: ${counted} counted as quarantined, ${found} are in ${quarantineTopic}`)
    }
  }

  #checkTally(offset: CommittedOffset, place: string): void {
    const tally = decodeTally(offset.metadata)
    try {
      checkTally(tally)
    } catch (error) {
      this.add(2, `${place}: ${(error as Error).message}`)
    }
    const partition = this.#parts.broker.partition(offset)
    // Those behind a record that is held back have been dealt with: see `HeldBack`.
    const { held = { until: offset.offset, offsets: [] } } = readCommitMetadata(offset.metadata)
    const isolation = this.#parts.isExactlyOnce ? 'read_committed' : 'read_uncommitted'
    const before = partition.read(0, isolation, Infinity).records.filter((one) => one.offset < held.until)
    const taken = before.length - before.filter((one) => held.offsets.includes(one.offset)).length
    if (tally.in !== taken) this.add(2, `${place}: ${tally.in} counted as taken in, ${taken} are there`)
  }

  #checkUnderWay(position: CommittedOffset, client: string, place: string): void {
    const key = keyOf(position)
    // Another thread of the instance that had the partition before may still have something under way; it is done again.
    const ownedSince = this.#parts.broker.group.ownedSince(position)
    for (const { sinceMs, records } of this.#parts.underWayOf(client)) {
      if (sinceMs < ownedSince) continue
      for (const record of records) {
        if (this.#madeFrom.get(record.topic)?.has(position.topic) !== true) continue
        const origin = originOf(record.headers)
        if (origin === null || origin.key !== key || origin.offset >= position.offset) continue
        this.add(
          1,
          `${client} commits ${place}, and what came of ${key} ${origin.offset} is not in ${record.topic} yet`,
        )
        return
      }
    }
  }

  /** Returns the partition that a quarantined record came from; null: none, or it is not said. */
  #checkOriginal(record: LogRecord): string | null {
    if (isWithoutRecord(record.headers)) return null
    const envelope = readQuarantineHeaders(record.headers)
    const origin = envelope?.origin ?? null
    if (origin === null || envelope?.stage === null || envelope?.reasons.length === 0) {
      this.add(4, `A quarantined record says not where it came from, or not why`)
      return null
    }
    const original = this.#parts.broker.partition(origin).at(origin.offset)
    if (original === null || !isSame(original.key, record.key) || !isSame(original.value, record.value))
      this.add(4, `The quarantined record of ${keyOf(origin)} ${origin.offset} has other bytes than it came with`)
    return keyOf(origin)
  }
}

/** Where the record came from that this one was made from. */
function originOf(headers: readonly RawHeader[] | null): { readonly key: string; readonly offset: number } | null {
  const found = headers?.find(({ key }) => key === ORIGIN_HEADER)?.value
  if (found === null || found === undefined) return null
  const [key, offset] = Buffer.from(found).toString().split(' ') as [string, string]
  return { key, offset: Number(offset) }
}

/** What failed in a punctuator. */
function isWithoutRecord(headers: readonly RawHeader[] | null): boolean {
  const offset = headers?.find(({ key }) => key === '__streams.errors.offset')?.value
  return offset !== null && offset !== undefined && Buffer.from(offset).toString() === '-1'
}

export function originHeader(key: string, offset: number): RawHeader {
  return { key: ORIGIN_HEADER, value: Buffer.from(`${key} ${offset}`) }
}

function madeFrom(topology: Topology): ReadonlyMap<string, ReadonlySet<string>> {
  const byTopic = new Map<string, ReadonlySet<string>>()
  const ambiguous = new Set<string>()
  for (const { nodes, sourceTopics, stores } of topology.subtopologies) {
    const holdsBack = stores.some(({ definition }) => HOLD_BACK.has(definition.kind))
    for (const node of nodes) {
      if (node.kind !== 'sink' || typeof node.topic !== 'string') continue
      if (byTopic.has(node.topic) || holdsBack) ambiguous.add(node.topic)
      byTopic.set(node.topic, new Set(sourceTopics))
    }
  }
  for (const topic of ambiguous) byTopic.delete(topic)
  return byTopic
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
