import { type Body, type BodyInput, type DataCodec, type DataDefinition, dataCodec } from '@sluice/kafka-protocol'
import type { OwnRecord } from '../broker.ts'

/**
 * The records of `__consumer_offsets`, in Kafka's own formats: the first two bytes of a key say which kind of record it is, those of a
 * value which version. A record without a value takes back what stood under its key.
 */
interface Kind<K extends DataDefinition, V extends DataDefinition> {
  readonly type: number
  readonly key: DataCodec<K>
  readonly value: DataCodec<V>
  /** The version that is written. */
  readonly version: number
}

function kind<const K extends DataDefinition['fields'], const V extends DataDefinition>(
  name: string,
  type: number,
  keyFields: K,
  version: number,
  value: V,
): Kind<{ versions: string; flexible: string; fields: K }, V> {
  const key = { versions: `0-${type}`, flexible: 'none', fields: keyFields }
  return { type, key: dataCodec(`${name}Key`, key), version, value: dataCodec(`${name}Value`, value) }
}

const member = { groupId: 'string', memberId: 'string' } as const
const partitions = { $: '[]', topicId: 'uuid', partitions: '[]int32' } as const
const owned = {
  $: '[]',
  topicId: 'uuid',
  partitions: '[]int32',
  assignmentEpochs: '[]int32 null tag 0 = null',
} as const

export const KINDS = {
  offset: kind('OffsetCommit', 1, { group: 'string', topic: 'string', partition: 'int32' }, 4, {
    versions: '0-4',
    flexible: '4+',
    fields: {
      offset: 'int64',
      leaderEpoch: 'int32 3+ = -1',
      metadata: 'string',
      commitTimestamp: 'int64',
      expireTimestamp: 'int64 1 = -1',
      topicId: 'uuid 4+ tag 0',
    },
  }),
  classicGroup: kind('GroupMetadata', 2, { group: 'string' }, 3, {
    versions: '0-4',
    flexible: '4+',
    fields: {
      protocolType: 'string',
      generation: 'int32',
      protocol: 'string null',
      leader: 'string null',
      currentStateTimestamp: 'int64 2+ = -1',
      members: {
        $: '[]',
        memberId: 'string',
        groupInstanceId: 'string 3+ null = null',
        clientId: 'string',
        clientHost: 'string',
        rebalanceTimeout: 'int32 1+ = -1',
        sessionTimeout: 'int32',
        subscription: 'bytes',
        assignment: 'bytes',
      },
    },
  }),
  groupEpoch: kind('ConsumerGroupMetadata', 3, { groupId: 'string' }, 0, {
    versions: '0',
    flexible: '0+',
    fields: { epoch: 'int32', metadataHash: 'int64 tag 0 = 0' },
  }),
  member: kind('ConsumerGroupMemberMetadata', 5, member, 0, {
    versions: '0',
    flexible: '0+',
    fields: {
      instanceId: 'string null',
      rackId: 'string null',
      clientId: 'string',
      clientHost: 'string',
      subscribedTopicNames: '[]string',
      subscribedTopicRegex: 'string null',
      rebalanceTimeoutMs: 'int32 = -1',
      serverAssignor: 'string null',
      classicMemberMetadata: {
        $: '{} null tag 0 = null',
        sessionTimeoutMs: 'int32',
        supportedProtocols: { $: '[]', name: 'string', metadata: 'bytes' },
      },
    },
  }),
  targetEpoch: kind('ConsumerGroupTargetAssignmentMetadata', 6, { groupId: 'string' }, 0, {
    versions: '0',
    flexible: '0+',
    fields: { assignmentEpoch: 'int32', assignmentTimestamp: 'int64 tag 0 = 0' },
  }),
  target: kind('ConsumerGroupTargetAssignmentMember', 7, member, 0, {
    versions: '0',
    flexible: '0+',
    fields: { topicPartitions: partitions },
  }),
  current: kind('ConsumerGroupCurrentMemberAssignment', 8, member, 0, {
    versions: '0',
    flexible: '0+',
    fields: {
      memberEpoch: 'int32',
      previousMemberEpoch: 'int32',
      state: 'int8',
      assignedPartitions: owned,
      partitionsPendingRevocation: owned,
    },
  }),
} as const

type Kinds = typeof KINDS
export type RecordKind = keyof Kinds
type Definition<C> = C extends DataCodec<infer D> ? D : never
type KeyOf<N extends RecordKind> = Definition<Kinds[N]['key']>['fields']
type ValueOf<N extends RecordKind> = Definition<Kinds[N]['value']>['fields']
export type RecordValue<N extends RecordKind> = Body<ValueOf<N>>

/** A record read back: its kind, its key, and its value or null. */
export type GroupRecord = {
  [N in RecordKind]: { readonly kind: N; readonly key: Body<KeyOf<N>>; readonly value: RecordValue<N> | null }
}[RecordKind]

/** Makes a record; `null` takes back what stands under the key. */
export function groupRecord<N extends RecordKind>(
  name: N,
  key: BodyInput<KeyOf<N>>,
  value: BodyInput<ValueOf<N>> | null,
  version: number = KINDS[name].version,
): OwnRecord {
  const { type, ...codecs } = KINDS[name] as unknown as Kind<DataDefinition, DataDefinition>
  return { key: codecs.key.encode(type, key), value: value === null ? null : codecs.value.encode(version, value) }
}

const byType = new Map<number, RecordKind>(Object.entries(KINDS).map(([name, { type }]) => [type, name as RecordKind]))
byType.set(0, 'offset')

/** Reads a record; undefined for kinds that this broker does not keep (share groups, streams groups). */
export function readGroupRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord | undefined {
  const name = byType.get(new DataView(key.buffer, key.byteOffset, key.length).getInt16(0))
  if (name === undefined) return undefined
  const codecs = KINDS[name] as unknown as Kind<DataDefinition, DataDefinition>
  const body = value === null ? null : codecs.value.decode(value).body
  return { kind: name, key: codecs.key.decode(key).body, value: body } as unknown as GroupRecord
}
