import type { ConsumerMember, Kafka } from '@sluice/kafka'
import type { StreamsSettings } from '../../streams-settings.ts'
import { QUARANTINE_BYTES } from '../topics/topics.ts'
import { AtLeastOnceWriter, ExactlyOnceWriter, type Writer } from './writer.ts'

/** Each partition that is written has a batch that is filled and one on its way: a task with two changelogs and an output has six. */
const BATCH_BYTES_MAX = 131_072

export interface OpenWriterParts {
  readonly kafka: Pick<Kafka, 'producer' | 'transactionalProducer'>
  readonly settings: StreamsSettings
  readonly processId: string
  /** The thread's number. */
  readonly index: number
}

/** The writer of a thread, with a producer of its own. With exactly once: fences what the thread has left open before. */
export async function openWriter(
  { kafka, settings, processId, index }: OpenWriterParts,
  member: ConsumerMember,
): Promise<Writer> {
  const requestBytesMax = settings['producer.max.request.size'] + QUARANTINE_BYTES
  const producing = {
    compression: settings['producer.compression.type'],
    lingerMs: settings['producer.linger.ms'],
    batchBytesMax: BATCH_BYTES_MAX,
    requestBytesMax,
    bufferBytesMax: Math.max(settings['buffered.bytes.max'], requestBytesMax),
  }
  if (settings['processing.guarantee'] === 'at_least_once')
    return new AtLeastOnceWriter(kafka.producer(producing), member)
  const producer = await kafka.transactionalProducer({
    ...producing,
    // One that stays fences what was left open at once.
    transactionalId: `${settings['application.id']}-${settings['group.instance.id'] ?? processId}-${index}`,
    transactionTimeoutMs: settings['transaction.timeout.ms'],
  })
  return new ExactlyOnceWriter(producer, member)
}
