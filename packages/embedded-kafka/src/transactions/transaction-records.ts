import { type DataCodec, type Int64, dataCodec } from '@sluice/kafka-protocol'
import type { OwnRecord } from '../broker.ts'
import { NO_PARTITIONS, type PartitionSet, type TransactionState, type TransactionStatus } from './transaction-state.ts'

const TransactionLogKey = {
  versions: '0',
  flexible: 'none',
  fields: { transactionalId: 'string' },
} as const

const TransactionLogValue = {
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: 'int64',
    previousProducerId: 'int64 1+ tag 0 = -1',
    nextProducerId: 'int64 1+ tag 1 = -1',
    producerEpoch: 'int16',
    nextProducerEpoch: 'int16 1+ tag 3 = -1',
    transactionTimeoutMs: 'int32',
    transactionStatus: 'int8',
    transactionPartitions: { $: '[] null', topic: 'string', partitionIds: '[]int32' },
    transactionLastUpdateTimestampMs: 'int64',
    transactionStartTimestampMs: 'int64',
    clientTransactionVersion: 'int16 1+ tag 2 = 0',
  },
} as const

const keyCodec: DataCodec<typeof TransactionLogKey> = dataCodec('TransactionLogKey', TransactionLogKey)
const valueCodec: DataCodec<typeof TransactionLogValue> = dataCodec('TransactionLogValue', TransactionLogValue)

/** In the order of the numbers that stand for them. */
export const STATUSES: readonly TransactionStatus[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
]

/** The record of `__transaction_state` that says this: version 1 of the value where the broker has transaction.version 1 or above. */
export function stateRecord(state: TransactionState, valueVersion: 0 | 1): OwnRecord {
  return {
    key: keyCodec.encode(0, { transactionalId: state.transactionalId }),
    value: valueCodec.encode(valueVersion, {
      producerId: state.producerId,
      ...(valueVersion === 1 && {
        previousProducerId: state.previousProducerId,
        nextProducerId: state.nextProducerId,
        clientTransactionVersion: state.clientVersion,
      }),
      producerEpoch: state.producerEpoch,
      transactionTimeoutMs: state.timeoutMs,
      transactionStatus: STATUSES.indexOf(state.status),
      transactionPartitions: state.status === 'Empty' ? null : partitionList(state.partitions),
      transactionLastUpdateTimestampMs: state.updateTimestamp,
      transactionStartTimestampMs: state.startTimestamp,
    }),
  }
}

/** The tombstone of a transactional id that is forgotten. */
export function expiredRecord(transactionalId: string): OwnRecord {
  return { key: keyCodec.encode(0, { transactionalId }), value: null }
}

/** What a record of `__transaction_state` says: an id, and its state or null when it is forgotten. Throws on what is no such record. */
export function readStateRecord(
  key: Uint8Array,
  value: Uint8Array | null,
): { readonly transactionalId: string; readonly state: TransactionState | null } {
  const { transactionalId } = keyCodec.decode(key).body
  if (value === null) return { transactionalId, state: null }
  const body = valueCodec.decode(value).body
  const status = STATUSES[body.transactionStatus]
  if (status === undefined || status === 'Dead') return { transactionalId, state: null }
  return {
    transactionalId,
    state: {
      transactionalId,
      producerId: count(body.producerId),
      previousProducerId: count(body.previousProducerId),
      nextProducerId: count(body.nextProducerId),
      producerEpoch: body.producerEpoch,
      lastProducerEpoch: -1,
      timeoutMs: body.transactionTimeoutMs,
      status,
      partitions: partitionSet(body.transactionPartitions),
      startTimestamp: count(body.transactionStartTimestampMs),
      updateTimestamp: count(body.transactionLastUpdateTimestampMs),
      clientVersion: body.clientTransactionVersion,
    },
  }
}

/** The partitions in the form of messages. */
export function partitionList(partitions: PartitionSet): { topic: string; partitionIds: number[] }[] {
  return Array.from(partitions, ([topic, indexes]) => ({ topic, partitionIds: [...indexes] }))
}

function partitionSet(list: readonly { topic: string; partitionIds: readonly number[] }[] | null): PartitionSet {
  if (list === null || list.length === 0) return NO_PARTITIONS
  return new Map(list.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]))
}

function count(value: Int64): number {
  return Number(value)
}
