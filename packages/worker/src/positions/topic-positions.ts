import type { TopicTable } from '@sluice/kafka'
import { SluiceError, type SourcePartition, type SourcePosition } from '@sluice/sdk'
import type { SettledPosition } from '../record-path/in-flight.ts'
import { canonicalKey, parsePositionKey, positionKey, type PositionStore } from './position-store.ts'

/** Positions in a compacted topic, key and value in the JSON of Kafka Connect's own offset topic. */
export class TopicPositions implements PositionStore {
  readonly #table: TopicTable
  /** Canonical key → the key's text as it stands in the topic: its bytes are the identity there. */
  readonly #keys = new Map<string, string>()

  constructor(table: TopicTable) {
    this.#table = table
    for (const { key } of table.entries()) this.#remember(Buffer.from(key).toString('utf8'))
  }

  async position(connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    const value = this.#table.get(this.#keyOf(connector, partition))
    if (value === undefined) return null
    return this.#parse(connector, Buffer.from(value).toString())
  }

  async store(connector: string, positions: readonly SettledPosition[]): Promise<void> {
    await this.#table.set(
      positions.map(({ partition, position }) => ({
        key: Buffer.from(this.#keyOf(connector, partition)),
        value: Buffer.from(JSON.stringify(position)),
      })),
    )
  }

  async close(): Promise<void> {
    await this.#table.close()
  }

  #parse(connector: string, text: string): SourcePosition | null {
    let cause: unknown
    try {
      const stored: unknown = JSON.parse(text)
      if (typeof stored === 'object' && !Array.isArray(stored)) return stored as SourcePosition | null
    } catch (error) {
      cause = error
    }
    throw new SluiceError('POSITION_UNREADABLE', 'What the position topic holds for a source is no position', {
      cause,
      place: { topic: this.#table.topic, connector },
      remedy: 'Write the position again, or a null value under its key to begin from the beginning.',
    })
  }

  #keyOf(connector: string, partition: SourcePartition): string {
    const canonical = canonicalKey(connector, partition)
    let key = this.#keys.get(canonical)
    if (key === undefined) this.#keys.set(canonical, (key = positionKey(connector, partition)))
    return key
  }

  #remember(key: string): void {
    const parsed = parsePositionKey(key)
    if (parsed !== null) this.#keys.set(canonicalKey(parsed.connector, parsed.partition), key)
  }
}
