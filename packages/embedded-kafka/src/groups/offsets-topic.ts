import { controlType, readBatches } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { Appended, Broker, OwnRecord, Partition, ProducerStamp, Topic } from '../broker.ts'
import { type GroupRecord, readGroupRecord } from './records.ts'

export const OFFSETS_TOPIC = '__consumer_offsets'

/** What is read back, in the order in which it was written. */
export interface OffsetsReader {
  /** `producerId` of a transaction that may not have ended yet; null for what counts at once. */
  record(record: GroupRecord, offset: number, partition: number, producerId: number | null): void
  transactionEnded(partition: number, producerId: number, isCommitted: boolean): void
}

/** The internal topic that keeps groups and their offsets. It is created when a group is first asked for. */
export class OffsetsTopic {
  readonly #broker: Broker

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** The partition of a group: Java's hash of its id, over the partitions. */
  partitionOf(groupId: string): number {
    let hash = 0
    for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0
    const positive = hash === -(2 ** 31) ? 0 : Math.abs(hash)
    return positive % this.#topic().partitions.length
  }

  /** Durable when it returns. Throws an ApiError as the group coordinator's clients know them. */
  write(groupId: string, records: readonly OwnRecord[], producer?: ProducerStamp): Appended {
    const { log, leaderEpoch } = this.#partition(groupId)
    try {
      return log.appendOwn(records, leaderEpoch, producer)
    } catch (error) {
      throw translated(error)
    }
  }

  /** Reads everything back. Records of kinds that are not kept here are passed over, and so is what cannot be read. */
  replay(reader: OffsetsReader): void {
    const topic = this.#broker.topics.get(OFFSETS_TOPIC)
    for (const { index, log } of topic?.partitions ?? []) {
      log.replay(log.startOffset, (bytes) => {
        for (const batch of readBatches(bytes, { checkCrc: false })) {
          const records = batch.records()
          const producerId = Number(batch.producerId)
          if (batch.isControl) {
            const type = controlType(records)
            if (type !== 'other') reader.transactionEnded(index, producerId, type === 'commit')
            continue
          }
          for (let i = 0; i < records.count; i++) {
            const key = records.key(i)
            const record = key === null ? undefined : this.#read(key, records.value(i), index)
            if (record === undefined) continue
            reader.record(record, records.offset(i), index, batch.isTransactional ? producerId : null)
          }
        }
      })
    }
  }

  #read(key: Uint8Array, value: Uint8Array | null, partition: number): GroupRecord | undefined {
    try {
      return readGroupRecord(key, value)
    } catch (error) {
      this.#broker.log('warn', `A record of ${OFFSETS_TOPIC}-${partition} cannot be read: ${String(error)}`)
      return undefined
    }
  }

  #partition(groupId: string): Partition {
    return this.#topic().partitions[this.partitionOf(groupId)]!
  }

  #topic(): Topic {
    const { topics, settings } = this.#broker
    const configs = {
      'cleanup.policy': 'compact',
      'compression.type': 'producer',
      'segment.bytes': settings.text('offsets.topic.segment.bytes'),
    }
    const partitions = settings.number('offsets.topic.num.partitions')
    try {
      return topics.get(OFFSETS_TOPIC) ?? topics.create(OFFSETS_TOPIC, partitions, configs, true)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', `${OFFSETS_TOPIC} cannot be created: ${error.message}`)
    }
  }
}

/** Errors of logs in the coordinator's words, as Kafka has them. */
function translated(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error
  switch (error.name) {
    case 'KAFKA_STORAGE_ERROR':
    case 'NOT_LEADER_OR_FOLLOWER':
      return new ApiError('NOT_COORDINATOR', error.message)
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return new ApiError('COORDINATOR_NOT_AVAILABLE', error.message)
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return new ApiError('UNKNOWN_SERVER_ERROR', error.message)
    default:
      return error
  }
}
