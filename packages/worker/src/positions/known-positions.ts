import { partitionForKey } from '@sluice/kafka'
import { DataError, type SourcePartition } from '@sluice/sdk'
import { keyText } from '../storage/record-json.ts'
import type { LogEntry, ReadEntry } from '../storage/topic-log.ts'
import { canonicalKey, parsePositionKey, positionKey } from './position-store.ts'

/** A key as it stands in the topic: its bytes are the identity there, and decided which partition it is in. */
interface Form {
  readonly bytes: Uint8Array
  readonly partition: number
}

export interface KnownPosition {
  readonly partition: SourcePartition
  /** The JSON of the position; null: it was forgotten. */
  readonly value: Uint8Array | null
}

interface Known extends KnownPosition {
  /** The latest first. More than one: Java wrote the partition's fields in another order than we, or than another Java. */
  readonly forms: readonly Form[]
  /** Of the record, in milliseconds: between forms it decides which is the later one. */
  readonly timestamp: number
}

/** What the records of an offset topic say that were read so far: positions by connector and partition. */
export class KnownPositions {
  readonly #connectors = new Map<string, Map<string, Known>>()

  /** @throws DataError for a record that is no position */
  apply({ key, value, partition, timestamp }: ReadEntry): void {
    const parsed = parsePositionKey(keyText(key))
    if (parsed === null) throw new DataError('its key is no array of a connector and a source partition')
    const { connector } = parsed
    const canonical = canonicalKey(connector, parsed.partition)
    const before = this.#connectors.get(connector)?.get(canonical)
    const same = before?.forms.find(({ bytes }) => Buffer.compare(bytes, key!) === 0)
    if (before !== undefined && same !== before.forms[0] && timestamp < before.timestamp) {
      // An older one than what is known under another key: it counts for nothing but being deleted with the other.
      if (same === undefined && value !== null)
        this.#put(connector, canonical, withForm(before, formOf(key!, partition)))
      return
    }
    // Copies, because a view would hold the whole response for as long as the position is known.
    const form = same ?? formOf(key!, partition)
    const forms = [form, ...(before?.forms.filter((other) => other !== form) ?? [])]
    const known: Known = {
      partition: parsed.partition,
      value: value === null ? null : Buffer.from(value),
      forms,
      timestamp,
    }
    this.#put(connector, canonical, known)
  }

  get(connector: string, partition: SourcePartition): KnownPosition | undefined {
    return this.#find(connector, partition)
  }

  all(connector: string): readonly KnownPosition[] {
    return [...(this.#connectors.get(connector)?.values() ?? [])]
  }

  /** How to write a position: under the bytes that are there already. To forget it takes a tombstone for each of them. */
  entries(
    connector: string,
    partition: SourcePartition,
    value: Uint8Array | null,
    partitions: number,
  ): readonly Required<LogEntry>[] {
    const forms = this.#find(connector, partition)?.forms ?? []
    if (forms.length === 0) {
      const key = Buffer.from(positionKey(connector, partition), 'utf8')
      return [{ key, value, partition: partitionForKey(key, partitions) }]
    }
    const written = value === null ? forms : forms.slice(0, 1)
    return written.map((form) => ({ key: form.bytes, value, partition: form.partition }))
  }

  #find(connector: string, partition: SourcePartition): Known | undefined {
    return this.#connectors.get(connector)?.get(canonicalKey(connector, partition))
  }

  #put(connector: string, canonical: string, known: Known): void {
    let positions = this.#connectors.get(connector)
    if (positions === undefined) this.#connectors.set(connector, (positions = new Map()))
    positions.set(canonical, known)
  }
}

function formOf(key: Uint8Array, partition: number): Form {
  return { bytes: Buffer.from(key), partition }
}

function withForm(known: Known, form: Form): Known {
  return { ...known, forms: [...known.forms, form] }
}
