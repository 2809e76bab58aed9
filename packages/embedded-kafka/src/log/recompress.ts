import { BatchAppender, type CompressionCodec, batchLayout as layout, readBatches } from '@sluice/kafka-protocol'
import type { TopicConfig } from '../broker.ts'
import { bufferOf } from './batch-header.ts'

/** Room for record framing that differs from the producer's. */
const SLACK_BYTES = 64

/** The same batch in the codec that its topic wants (`compression.type`); as it is, if it comes in that codec. */
export function inCodec(batch: Buffer, wanted: Exclude<TopicConfig['compression'], 'producer'>): Buffer {
  const codec: CompressionCodec = wanted === 'uncompressed' ? 'none' : wanted
  const read = readBatches(batch, { checkCrc: false })[0]!
  if (read.compression === codec) return batch
  const records = read.records()
  // A record that is written anew may be longer by what its varints are; its compressed form never replaces a shorter plain one.
  const bound = layout.RECORDS + records.source.length + records.count * SLACK_BYTES
  const appender = new BatchAppender(Buffer.allocUnsafe(bound))
  for (let i = 0; i < records.count; i++) {
    appender.append(records.key(i), records.value(i), records.timestamp(i), records.headers(i))
  }
  const { producerId, producerEpoch, baseSequence, isTransactional } = read
  return bufferOf(appender.seal({ compression: codec, producerId, producerEpoch, baseSequence, isTransactional }))
}
