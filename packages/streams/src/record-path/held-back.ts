/** Records whose key is paused: put aside, while others of their partition go on behind them. */
import type { FetchedRecords } from '@sluice/kafka'
import type { InputQueue } from './input-queue.ts'

/** What is committed beside an offset that lies before records which have been dealt with. */
export interface HeldOffsets {
  /** All before it has been dealt with, but for `offsets`. */
  readonly until: number
  /** Ascending; the first is the committed offset. */
  readonly offsets: readonly number[]
}

/** What of a partition it has to do with. */
export interface HeldPartition {
  position: number
  readonly queue: InputQueue
  isPaused: boolean
  /** The next record, if it has been read before its turn. */
  peeked: unknown
}

/** Most of what is kept in memory per partition. One record is always taken. */
export const HELD_BYTES_MAX = 4_194_304
/** Most of the text that says with a commit which offsets are held: a broker takes 4,096 bytes with an offset. */
const TEXT_MAX = 1_000

/** A record by itself, so that it does not keep what was fetched with it. */
interface Aside extends FetchedRecords {
  readonly at: number
  /** As `keyText`. */
  readonly name: string
}

/**
 * The records of one partition that are held back. Its offset is committed no further than the first of them, and what was dealt with behind
 * that is said beside it: after a restart that is passed over, and they are read again. When as many are held as find room there, or in
 * memory, the partition is paused.
 */
export class HeldBack {
  /** In the order of their offsets. */
  readonly #aside: Aside[] = []
  #bytes = 0
  /** Resumed: it is at the head of the queue, and not dealt with yet. */
  #next: Aside | null = null
  /** How far the others are. */
  #frontier: number
  /** When the task began, all before it had been dealt with, but for those of `#again`. */
  readonly #until: number
  readonly #again: ReadonlySet<number>
  /** By `keyText`. */
  #keys: ReadonlySet<string>
  #isFull = false

  constructor(position: number, keys: ReadonlySet<string>, before: HeldOffsets | null = null) {
    this.#frontier = position
    this.#keys = keys
    this.#until = before?.until ?? position
    this.#again = new Set(before?.offsets)
  }

  /** The partition has been paused because no more can be held. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The keys that are paused from now on, by `keyText`. */
  set keys(keys: ReadonlySet<string>) {
    this.#keys = keys
    this.#isFull = false
  }

  /** Whether the partition is one like others again. */
  isOver({ position }: Pick<HeldPartition, 'position'>): boolean {
    return (
      this.#keys.size === 0 && this.#aside.length === 0 && this.#next === null && this.#reached(position) >= this.#until
    )
  }

  /** What is not dealt with, and how far the rest is. */
  held({ position, queue }: Pick<HeldPartition, 'position' | 'queue'>): HeldOffsets {
    const reached = this.#reached(position)
    const offsets = this.#aside.map(({ at }) => at)
    if (this.#isNextAt(queue)) offsets.unshift(this.#next!.at)
    const known = new Set(offsets)
    for (const offset of this.#again) if (offset >= reached && !known.has(offset)) offsets.push(offset)
    return { until: Math.max(this.#until, reached), offsets: offsets.toSorted((a, b) => a - b) }
  }

  /** Makes the next record of the queue one that is to be run: a resumed one, or one that is neither held nor dealt with. */
  settle(partition: HeldPartition): void {
    partition.position = this.#frontier = this.#reached(partition.position)
    if (partition.isPaused) return
    const { queue } = partition
    if (this.#isNextAt(queue)) {
      // It is tried again, unless it was paused meanwhile.
      if (!this.#keys.has(this.#next!.name)) return
      this.#putAside(this.#next!)
      queue.shift()
      partition.peeked = null
    }
    this.#next = this.#takeResumed()
    if (this.#next !== null) {
      queue.unshift(this.#next)
      partition.peeked = null
      return
    }
    this.#passOver(partition)
    this.#frontier = partition.position
  }

  #passOver(partition: HeldPartition): void {
    const { queue } = partition
    while (!queue.isEmpty) {
      const { batch, at } = queue
      const offset = batch.offset(at)
      if (offset >= this.#until || this.#again.has(offset)) {
        const name = this.#keys.size === 0 ? null : keyText(batch.key(at))
        if (name === null || !this.#keys.has(name)) return
        const record = asideOf(batch, at, name)
        if (!this.#hasRoomFor(record)) {
          partition.isPaused = true
          this.#isFull = true
          return
        }
        this.#putAside(record)
      }
      partition.position = queue.shift()
      partition.peeked = null
    }
  }

  #isNextAt(queue: InputQueue): boolean {
    return this.#next !== null && !queue.isEmpty && queue.batch === this.#next
  }

  #reached(position: number): number {
    return Math.max(this.#frontier, position)
  }

  #hasRoomFor(record: Aside): boolean {
    if (this.#aside.length === 0) return true
    if (this.#bytes + record.bytes > HELD_BYTES_MAX) return false
    return encodeOffsets([...this.#aside.map(({ at }) => at), record.at]).length <= TEXT_MAX
  }

  #putAside(record: Aside): void {
    const behind = this.#aside.findIndex(({ at }) => at > record.at)
    this.#aside.splice(behind < 0 ? this.#aside.length : behind, 0, record)
    this.#bytes += record.bytes
  }

  /** The first whose key is not paused. */
  #takeResumed(): Aside | null {
    const place = this.#aside.findIndex(({ name }) => !this.#keys.has(name))
    if (place < 0) return null
    const [record] = this.#aside.splice(place, 1)
    this.#bytes -= record!.bytes
    return record!
  }
}

/** Before the next record of such a partition is chosen. */
export function settleHeld(partition: HeldPartition & { held: HeldBack | null }): void {
  const { held } = partition
  held!.settle(partition)
  if (held!.isOver(partition)) partition.held = null
}

/** From now on these keys are paused, by `keyText`; none are where there is none. */
export function holdBack(
  partition: Pick<HeldPartition, 'position'> & { held: HeldBack | null },
  keys: ReadonlySet<string>,
): void {
  if (partition.held !== null) partition.held.keys = keys
  else if (keys.size > 0) partition.held = new HeldBack(partition.position, keys)
}

/** Where a partition goes on after a restart: not behind what is held back. */
export function undoneFrom(
  partition: Pick<HeldPartition, 'position' | 'queue'> & { readonly held: HeldBack | null },
): number {
  if (partition.held === null) return partition.position
  const { offsets, until } = partition.held.held(partition)
  return offsets[0] ?? until
}

/** A key's bytes, or a text's in UTF-8, for comparisons. Null: a record without a key, which is never held back. */
export function keyText(key: Uint8Array | string): string
export function keyText(key: Uint8Array | null): string | null
export function keyText(key: Uint8Array | string | null): string | null {
  if (key === null) return null
  return (typeof key === 'string' ? Buffer.from(key) : Buffer.from(key.buffer, key.byteOffset, key.length)).toString(
    'latin1',
  )
}

/** The steps between them, in base 36. */
export function encodeOffsets(offsets: readonly number[]): string {
  return offsets
    .slice(1)
    .map((offset, i) => (offset - offsets[i]!).toString(36))
    .join('.')
}

export function decodeOffsets(first: number, steps: string): number[] {
  const offsets = [first]
  if (steps !== '') for (const step of steps.split('.')) offsets.push(offsets.at(-1)! + Number.parseInt(step, 36))
  return offsets
}

function asideOf(batch: FetchedRecords, i: number, name: string): Aside {
  const [key, value] = [copied(batch.key(i)), copied(batch.value(i))]
  const headers = batch.headers(i)?.map((header) => ({ key: header.key, value: copied(header.value) })) ?? null
  const [at, timestamp] = [batch.offset(i), batch.timestamp(i)]
  const headerBytes = headers?.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0) ?? 0
  return {
    at,
    name,
    count: 1,
    offset: () => at,
    timestamp: () => timestamp,
    timestampType: batch.timestampType,
    key: () => key,
    value: () => value,
    headers: () => headers,
    bytes: (key?.length ?? 0) + (value?.length ?? 0) + headerBytes,
  }
}

function copied(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
