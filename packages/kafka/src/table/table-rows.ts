import { type Logger, SluiceError, describeError } from '@sluice/sdk'
import type { FetchedRecords } from '../port.ts'
import type { TableCodec, TableEntry, TableFigures, TableListener } from './table-port.ts'

/** `value` is null where the key was deleted by a record that has not been read back yet. */
interface Row<K, V> {
  readonly key: K
  readonly value: V | null
  readonly partition: number
  readonly offset: number
  /** Of the record, in milliseconds: only for a key that two partitions have. */
  readonly timestamp: number
}

/** What the rows are made with. */
export interface RowsOptions<K, V> {
  readonly topic: string
  readonly key: TableCodec<K>
  readonly value: TableCodec<V>
  readonly garbage: 'fail' | 'skip'
  readonly logger: Logger
}

/** So many records of garbage are logged one by one; the count tells of the rest. */
const COMPLAINTS_MAX = 20

/**
 * The rows of a table by the bytes of their keys. Those are kept as latin1 text, which stands for bytes one to one (UTF-8 text
 * does not: bytes that are not UTF-8 would fall together).
 */
export class TableRows<K, V> {
  readonly #options: RowsOptions<K, V>
  readonly #rows = new Map<string, Row<K, V>>()
  readonly #listeners = new Set<TableListener<K, V>>()
  readonly #counts = { records: 0, bytes: 0, garbage: 0 }
  #size = 0

  constructor(options: RowsOptions<K, V>) {
    this.#options = options
  }

  /** Keys that have a value. */
  get size(): number {
    return this.#size
  }

  get figures(): TableFigures {
    return { ...this.#counts }
  }

  get(key: Uint8Array): V | undefined {
    return this.#rows.get(textOf(key))?.value ?? undefined
  }

  /** The partition that a key has been found in. */
  partitionOf(key: Uint8Array): number | undefined {
    return this.#rows.get(textOf(key))?.partition
  }

  *entries(): IterableIterator<TableEntry<K, V>> {
    for (const { key, value } of this.#rows.values()) if (value !== null) yield { key, value }
  }

  listen(listener: TableListener<K, V>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A row changes only by a later record of the log: what was applied when it was written is not applied again when read. */
  apply(bytes: Uint8Array, row: Row<K, V>): void {
    const text = textOf(bytes)
    const before = this.#rows.get(text)
    if (before !== undefined && !isLater(row, before)) return
    this.#size += Number(row.value !== null) - Number(before !== undefined && before.value !== null)
    this.#rows.set(text, row)
    for (const listener of this.#listeners) this.#tell(listener, row)
  }

  /** Takes records as they were read. @throws SluiceError DATA_INVALID for garbage, unless it is to be skipped */
  take(partition: number, records: FetchedRecords): void {
    this.#counts.records += records.count
    this.#counts.bytes += records.bytes
    for (let i = 0; i < records.count; i++) this.#takeOne(partition, records, i)
  }

  #takeOne(partition: number, records: FetchedRecords, i: number): void {
    const [bytes, raw, offset] = [records.key(i), records.value(i), records.offset(i)]
    if (bytes === null) return this.#garbage(partition, offset, 'it has no key')
    const text = textOf(bytes)
    const known = this.#rows.get(text)
    if (known !== undefined && known.partition !== partition) {
      this.#garbage(partition, offset, `partition ${known.partition} has its key too`)
    }
    // Copies, because a view would hold the whole response for as long as the row lives.
    const key = known === undefined ? this.#decoded(this.#options.key, bytes, partition, offset, 'key') : known.key
    if (key === undefined) return
    const value = raw === null ? null : (this.#decoded(this.#options.value, raw, partition, offset, 'value') ?? null)
    this.apply(bytes, { key, value, partition, offset, timestamp: records.timestamp(i) })
    // A later write of the same key may have been applied already: then this is not its end.
    const now = this.#rows.get(text)
    if (value === null && now?.offset === offset && now.partition === partition) this.#rows.delete(text)
  }

  /** Undefined for garbage that is to be skipped. */
  #decoded<T>(codec: TableCodec<T>, bytes: Uint8Array, partition: number, offset: number, what: string): T | undefined {
    try {
      return codec.decode(Buffer.from(bytes))
    } catch (cause) {
      this.#garbage(partition, offset, `its ${what} cannot be decoded`, cause)
      return undefined
    }
  }

  #garbage(partition: number, offset: number, why: string, cause?: unknown): void {
    const { topic, garbage, logger } = this.#options
    this.#counts.garbage++
    const error = new SluiceError('DATA_INVALID', `A record of the table is no row: ${why}`, {
      cause,
      place: { topic, partition, offset },
      remedy: 'Write the key again, or delete the record; or open the table so that garbage is skipped.',
    })
    if (garbage === 'fail') throw error
    if (this.#counts.garbage <= COMPLAINTS_MAX) {
      const facts = { topic, partition, offset, error: describeError(error) }
      logger.error('A record of a topic table is no row and is skipped', facts)
    }
  }

  #tell(listener: TableListener<K, V>, { key, value }: Row<K, V>): void {
    try {
      listener({ key, value })
    } catch (error) {
      const facts = { topic: this.#options.topic, error: describeError(error) }
      this.#options.logger.error('A listener of a topic table failed', facts)
    }
  }
}

function isLater<K, V>(row: Row<K, V>, before: Row<K, V>): boolean {
  if (row.partition === before.partition) return row.offset > before.offset
  return row.timestamp === before.timestamp ? row.partition > before.partition : row.timestamp > before.timestamp
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
