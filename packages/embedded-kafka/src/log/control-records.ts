import { controlType, coordinatorEpoch, readBatches } from '@sluice/kafka-protocol'
import type { Marker } from './producers.ts'

/** What a control batch says; undefined if it is no transaction marker, or compaction has emptied it. */
export function markerOf(batch: Buffer): Marker | undefined {
  const header = readBatches(batch, { checkCrc: false })[0]
  if (header === undefined || header.count === 0) return undefined
  const records = header.records()
  const type = controlType(records)
  if (type === 'other') return undefined
  const { producerId, producerEpoch } = header
  return { type, producerId: Number(producerId), producerEpoch, coordinatorEpoch: coordinatorEpoch(records) }
}
