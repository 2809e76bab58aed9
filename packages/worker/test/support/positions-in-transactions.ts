/** Positions in a topic, written within transactions; read afresh each time, by committed records alone. */
import type { ProducerRecord } from '@sluice/kafka'
import type { SourcePartition, SourcePosition } from '@sluice/sdk'
import { canonicalKey, parsePositionKey, positionKey, type PositionStore } from '../../src/positions/position-store.ts'
import type { SettledPosition } from '../../src/record-path/in-flight.ts'
import type { TransactionalPositions } from '../../src/record-path/source-transactions.ts'
import { text } from './fake-kafka.ts'
import type { TestCluster } from './test-cluster.ts'

export class PositionsInTransactions implements TransactionalPositions, PositionStore {
  readonly topic: string
  readonly #cluster: TestCluster
  readonly #connector: string

  constructor(cluster: TestCluster, topic: string, connector: string) {
    this.#cluster = cluster
    this.topic = topic
    this.#connector = connector
  }

  records(positions: readonly SettledPosition[]): readonly ProducerRecord[] {
    return positions.map(({ partition, position }) => ({
      topic: this.topic,
      partition: null,
      key: Buffer.from(positionKey(this.#connector, partition)),
      value: Buffer.from(JSON.stringify(position)),
      timestamp: null,
      headers: null,
    }))
  }

  committed(): void {}

  async position(connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    const wanted = canonicalKey(connector, partition)
    let found: SourcePosition | null = null
    for (const { key, value } of await this.#cluster.read(this.topic, 'read_committed')) {
      const parsed = parsePositionKey(text(key))
      if (parsed !== null && canonicalKey(parsed.connector, parsed.partition) === wanted)
        found = JSON.parse(text(value)) as SourcePosition | null
    }
    return found
  }

  async store(): Promise<void> {
    throw new Error('exactly once, positions are stored in transactions only')
  }

  async close(): Promise<void> {}
}
