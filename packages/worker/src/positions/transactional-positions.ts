import type { ProducerRecord } from '@sluice/kafka'
import type { MergedPositions } from './merged-positions.ts'
import type { PositionChange } from './position-store.ts'
import type { TopicPositions } from './topic-positions.ts'

/** The positions of one connector as its task writes them in its transactions. Store: as the task reads them. */
export function transactionalPositions(
  store: TopicPositions | MergedPositions,
  connector: string,
): {
  records(positions: readonly PositionChange[]): readonly ProducerRecord[]
  committed(positions: readonly PositionChange[]): void
} {
  return {
    records: (positions) => store.records(connector, positions),
    committed: (positions) => store.committed(connector, positions),
  }
}
