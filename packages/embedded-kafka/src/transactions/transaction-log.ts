import { readBatches } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { Broker, OwnRecord, Partition, Topic } from '../broker.ts'
import { expiredRecord, readStateRecord, stateRecord } from './transaction-records.ts'
import type { TransactionState } from './transaction-state.ts'

const TRANSACTION_STATE_TOPIC = '__transaction_state'

/**
 * The states of all transactional ids: in memory, and in `__transaction_state` before that. The topic is created when the first
 * transactional id appears.
 */
export class TransactionLog {
  readonly #broker: Broker
  readonly #states = new Map<string, TransactionState>()

  constructor(broker: Broker) {
    this.#broker = broker
    broker.topics.onDelete((topic) => {
      if (topic.name === TRANSACTION_STATE_TOPIC) this.#states.clear()
    })
  }

  get(transactionalId: string): TransactionState | undefined {
    return this.#states.get(transactionalId)
  }

  all(): Iterable<TransactionState> {
    return this.#states.values()
  }

  /** Reads the topic, if there is one. */
  replay(): void {
    for (const { log } of this.#broker.topics.get(TRANSACTION_STATE_TOPIC)?.partitions ?? []) {
      log.replay(log.startOffset, (records) => this.#replayBatches(records))
    }
  }

  /** Writes a state; it counts when this returns. Throws NOT_COORDINATOR when it cannot be written, as Kafka does. */
  put(state: TransactionState): void {
    const valueVersion = this.#broker.feature('transaction.version') >= 1 ? 1 : 0
    this.#append(state.transactionalId, stateRecord(state, valueVersion))
    this.#states.set(state.transactionalId, state)
  }

  /** Forgets a transactional id. */
  remove(transactionalId: string): void {
    this.#append(transactionalId, expiredRecord(transactionalId))
    this.#states.delete(transactionalId)
  }

  /** The epoch that markers carry, so that a former coordinator's are told from the current one's. */
  coordinatorEpoch(transactionalId: string): number {
    return this.#partitionOf(transactionalId).leaderEpoch
  }

  #append(transactionalId: string, record: OwnRecord): void {
    const { log, leaderEpoch } = this.#partitionOf(transactionalId)
    try {
      log.appendOwn([record], leaderEpoch)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw new ApiError('NOT_COORDINATOR', `The state of ${transactionalId} cannot be written: ${error.message}`)
    }
  }

  #partitionOf(transactionalId: string): Partition {
    const { partitions } = this.#broker.topics.get(TRANSACTION_STATE_TOPIC) ?? this.#create()
    return partitions[partitionFor(transactionalId, partitions.length)]!
  }

  #create(): Topic {
    const { topics, settings } = this.#broker
    const partitions = settings.number('transaction.state.log.num.partitions')
    const configs = {
      'cleanup.policy': 'compact',
      'compression.type': 'uncompressed',
      'segment.bytes': settings.text('transaction.state.log.segment.bytes'),
    }
    try {
      return topics.create(TRANSACTION_STATE_TOPIC, partitions, configs, true)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', `${TRANSACTION_STATE_TOPIC} cannot be created: ${error.message}`)
    }
  }

  #replayBatches(records: Uint8Array): void {
    for (const batch of readBatches(records)) {
      const { count } = batch
      if (batch.isControl || count === 0) continue
      const entries = batch.records()
      for (let i = 0; i < count; i++) {
        const key = entries.key(i)
        if (key !== null) this.#replayRecord(key, entries.value(i), entries.offset(i))
      }
    }
  }

  #replayRecord(key: Uint8Array, value: Uint8Array | null, offset: number): void {
    try {
      const { transactionalId, state } = readStateRecord(key, value)
      if (state === null) this.#states.delete(transactionalId)
      else this.#states.set(transactionalId, state)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#broker.log('error', `${TRANSACTION_STATE_TOPIC}: the record at offset ${offset} is left out: ${reason}`)
    }
  }
}

/** Which partition of `__transaction_state` holds an id: Java's hash of the text, without its sign. */
export function partitionFor(transactionalId: string, partitions: number): number {
  let hash = 0
  for (let i = 0; i < transactionalId.length; i++) hash = (Math.imul(hash, 31) + transactionalId.charCodeAt(i)) | 0
  return (hash & 0x7fffffff) % partitions
}
