import { type ApiName, BatchAppender, type RequestInput } from '@sluice/kafka-protocol'
import { OPERATION, PATTERN, PERMISSION, RESOURCE } from '../../src/security/acl.ts'
import { fetchBody, produceBody } from '../support/requests.ts'
import { acl, create, remove } from './acl-scripts.ts'
import { NO_ID, type SecurityScribe, errorOf } from './security-scribe.ts'

/** A topic that is there, one that is not, and a group and a transactional id of the same name. */
interface Scene {
  readonly topic: string
  readonly id: string
  readonly missing: string
}

type Ask = { readonly [N in ApiName]: readonly [api: N, version: number, body: RequestInput<N>] }[ApiName]

const CONFIG_TOPIC = 2
const CONFIG_BROKER = 4
const CONFIG_GROUP = 32

/** One request of each kind that an ACL is asked about; none of them changes what is there when it is allowed. */
function asks({ topic, id, missing }: Scene): Record<string, Ask> {
  const both = [topic, missing]
  const offsets = { partitionIndex: 0, committedOffset: 0, committedLeaderEpoch: -1, committedMetadata: '' }
  const txn = { transactionalId: topic, producerId: 1, producerEpoch: 0 }
  const target = { name: topic, id }
  const member = { groupId: topic, memberId: 'nobody', groupInstanceId: null, generationId: 1 }
  return {
    'Metadata by name': [
      'Metadata',
      12,
      { topics: both.map((name) => ({ topicId: NO_ID, name })), allowAutoTopicCreation: false },
    ],
    'Metadata creates': [
      'Metadata',
      12,
      { topics: [{ topicId: NO_ID, name: `${missing}-auto` }], allowAutoTopicCreation: true },
    ],
    'Metadata by id': ['Metadata', 12, { topics: [{ topicId: id, name: null }], allowAutoTopicCreation: false }],
    DescribeTopicPartitions: [
      'DescribeTopicPartitions',
      0,
      { topics: both.map((name) => ({ name })), responsePartitionLimit: 10, cursor: null },
    ],
    'Produce 13': ['Produce', 13, produceBody(target, batch())],
    'Produce 12': [
      'Produce',
      12,
      {
        ...produceBody(target, batch()),
        topicData: both.map((name) => ({ name, topicId: NO_ID, partitionData: [{ index: 0, records: batch() }] })),
      },
    ],
    'Produce in a transaction': ['Produce', 12, produceBody(target, batch(true), { transactionalId: topic })],
    'Fetch 17': ['Fetch', 17, fetchBody(target)],
    'Fetch 12': [
      'Fetch',
      12,
      { ...fetchBody(target), topics: both.map((name) => ({ ...fetchBody(target).topics[0]!, topic: name })) },
    ],
    ListOffsets: [
      'ListOffsets',
      7,
      { replicaId: -1, topics: both.map((name) => ({ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] })) },
    ],
    OffsetForLeaderEpoch: [
      'OffsetForLeaderEpoch',
      4,
      { replicaId: -1, topics: both.map((name) => ({ topic: name, partitions: [{ partition: 0, leaderEpoch: 0 }] })) },
    ],
    DeleteRecords: [
      'DeleteRecords',
      2,
      { topics: both.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 0 }] })), timeoutMs: 1000 },
    ],
    'FindCoordinator group': ['FindCoordinator', 4, { keyType: 0, coordinatorKeys: [topic] }],
    'FindCoordinator transaction': ['FindCoordinator', 4, { keyType: 1, coordinatorKeys: [topic] }],
    JoinGroup: [
      'JoinGroup',
      7,
      {
        groupId: topic,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 1000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [],
      },
    ],
    SyncGroup: ['SyncGroup', 5, { ...member, protocolType: 'consumer', protocolName: 'range', assignments: [] }],
    Heartbeat: ['Heartbeat', 4, member],
    LeaveGroup: ['LeaveGroup', 4, { groupId: topic, members: [{ memberId: 'nobody', groupInstanceId: null }] }],
    OffsetCommit: [
      'OffsetCommit',
      8,
      {
        groupId: topic,
        memberId: '',
        generationIdOrMemberEpoch: -1,
        topics: both.map((name) => ({ name, partitions: [offsets] })),
      },
    ],
    OffsetFetch: [
      'OffsetFetch',
      9,
      {
        groups: [{ groupId: topic, topics: both.map((name) => ({ name, partitionIndexes: [0] })) }],
        requireStable: false,
      },
    ],
    OffsetDelete: ['OffsetDelete', 0, { groupId: `${topic}-other`, topics: [] }],
    DescribeGroups: ['DescribeGroups', 5, { groups: [`${topic}-other`], includeAuthorizedOperations: true }],
    ConsumerGroupDescribe: [
      'ConsumerGroupDescribe',
      0,
      { groupIds: [`${topic}-other`], includeAuthorizedOperations: false },
    ],
    ConsumerGroupHeartbeat: [
      'ConsumerGroupHeartbeat',
      1,
      {
        groupId: `${topic}-other`,
        memberId: 'nobody',
        memberEpoch: 5,
        topicPartitions: null,
        subscribedTopicNames: [topic],
      },
    ],
    DeleteGroups: ['DeleteGroups', 2, { groupsNames: [`${topic}-other`] }],
    InitProducerId: ['InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1000 }],
    'InitProducerId transactional': ['InitProducerId', 4, { transactionalId: topic, transactionTimeoutMs: 0 }],
    AddPartitionsToTxn: [
      'AddPartitionsToTxn',
      3,
      {
        v3AndBelowTransactionalId: topic,
        v3AndBelowProducerId: 1,
        v3AndBelowProducerEpoch: 0,
        v3AndBelowTopics: both.map((name) => ({ name, partitions: [0] })),
        transactions: [],
      },
    ],
    AddOffsetsToTxn: ['AddOffsetsToTxn', 3, { ...txn, groupId: topic }],
    EndTxn: ['EndTxn', 3, { ...txn, committed: false }],
    TxnOffsetCommit: [
      'TxnOffsetCommit',
      3,
      { ...txn, groupId: topic, topics: both.map((name) => ({ name, partitions: [offsets] })) },
    ],
    DescribeProducers: ['DescribeProducers', 0, { topics: both.map((name) => ({ name, partitionIndexes: [0] })) }],
    DescribeTransactions: ['DescribeTransactions', 0, { transactionalIds: [topic] }],
    CreateTopics: [
      'CreateTopics',
      7,
      {
        topics: both.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })),
        timeoutMs: 1000,
        validateOnly: true,
      },
    ],
    DeleteTopics: ['DeleteTopics', 6, { topics: [{ name: missing, topicId: NO_ID }], timeoutMs: 1000 }],
    CreatePartitions: [
      'CreatePartitions',
      3,
      { topics: both.map((name) => ({ name, count: 3, assignments: null })), timeoutMs: 1000, validateOnly: true },
    ],
    DescribeConfigs: [
      'DescribeConfigs',
      4,
      {
        resources: [
          [CONFIG_TOPIC, topic],
          [CONFIG_TOPIC, missing],
          [CONFIG_BROKER, ''],
          [CONFIG_GROUP, topic],
        ].map(([resourceType, resourceName]) => ({
          resourceType: resourceType as number,
          resourceName: resourceName as string,
          configurationKeys: ['none'],
        })),
        includeSynonyms: false,
        includeDocumentation: false,
      },
    ],
    IncrementalAlterConfigs: [
      'IncrementalAlterConfigs',
      1,
      {
        resources: [
          [CONFIG_TOPIC, topic],
          [CONFIG_TOPIC, missing],
          [CONFIG_BROKER, ''],
          [CONFIG_GROUP, topic],
        ].map(([resourceType, resourceName]) => ({
          resourceType: resourceType as number,
          resourceName: resourceName as string,
          configs: [],
        })),
        validateOnly: true,
      },
    ],
    DescribeLogDirs: ['DescribeLogDirs', 4, { topics: [] }],
    ElectLeaders: ['ElectLeaders', 2, { electionType: 0, topicPartitions: [], timeoutMs: 1000 }],
    ListPartitionReassignments: ['ListPartitionReassignments', 0, { timeoutMs: 1000, topics: [] }],
    WriteTxnMarkers: ['WriteTxnMarkers', 1, { markers: [] }],
  }
}

/** The error codes of an answer, in the order in which they stand; what else depends on ACLs is told by name. */
function codesIn(answer: unknown): string {
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (/errorCode$/i.test(key)) found.push(errorOf(inner as number))
        else if (/authorizedOperations$/i.test(key) && inner !== -2147483648) found.push(`${key} ${inner}`)
        else visit(inner)
      }
    }
  }
  visit(answer)
  return [...new Set(found)].toSorted().join(' ')
}

type Grant = Parameters<typeof acl>[1]

async function tryAll(
  scribe: SecurityScribe,
  base: string,
  grants: readonly (readonly [name: string, grant: Grant])[],
  only?: readonly string[],
): Promise<void> {
  const scene = await prepare(scribe, base)
  const creations = grants.map(([name, grant]) =>
    acl(name === '' ? 'kafka-cluster' : name.replace('TOPIC', scene.topic), grant),
  )
  if (creations.length > 0) await create(scribe, creations)
  const alice = await scribe.alice()
  for (const [what, [api, version, body]] of Object.entries(asks(scene))) {
    if (only !== undefined && !only.some((one) => what.startsWith(one))) continue
    await scribe.ask(what, alice, api, body, codesIn, version)
    // Kafka creates topics behind the client's back; the embedded broker has the topic at once.
    if (what === 'Metadata creates') scribe.replaceLast(/ ?UNKNOWN_TOPIC_OR_PARTITION/, '')
  }
  if (creations.length > 0)
    await remove(scribe, [{ resourceNameFilter: scene.topic }, { resourceNameFilter: 'kafka-cluster' }])
}

async function prepare(scribe: SecurityScribe, base: string): Promise<Scene> {
  const topic = scribe.name(base)
  const topics = [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
  await scribe.admin.send('CreateTopics', { topics, timeoutMs: 5000, validateOnly: false }, 7)
  await scribe.settle()
  const metadata = await scribe.admin.send('Metadata', { topics: [{ topicId: NO_ID, name: topic }] }, 12)
  return { topic, id: metadata.topics[0]!.topicId, missing: `${topic}-missing` }
}

const onTopic = (operation: number): readonly [string, Grant] => [
  'TOPIC',
  { operation, resourcePatternType: PATTERN.PREFIXED },
]
const onGroup = (operation: number): readonly [string, Grant] => [
  'TOPIC',
  { resourceType: RESOURCE.GROUP, operation, resourcePatternType: PATTERN.PREFIXED },
]
const onTransaction = (operation: number): readonly [string, Grant] => [
  'TOPIC',
  { resourceType: RESOURCE.TRANSACTIONAL_ID, operation },
]
const onCluster = (operation: number): readonly [string, Grant] => ['', { resourceType: RESOURCE.CLUSTER, operation }]

/** What each permission opens, and what stays closed. */
export const ACCESS_SCRIPTS: Readonly<Record<string, (scribe: SecurityScribe) => Promise<void>>> = {
  'nothing is allowed without an ACL': (scribe) => tryAll(scribe, 'nothing', []),
  'to read a topic': (scribe) => tryAll(scribe, 'read', [onTopic(OPERATION.READ), onGroup(OPERATION.READ)]),
  'to write to a topic, with transactions': (scribe) =>
    tryAll(scribe, 'write', [onTopic(OPERATION.WRITE), onTransaction(OPERATION.WRITE), onGroup(OPERATION.READ)]),
  'to describe': (scribe) =>
    tryAll(scribe, 'describe', [
      onTopic(OPERATION.DESCRIBE),
      onGroup(OPERATION.DESCRIBE),
      onTransaction(OPERATION.DESCRIBE),
      onCluster(OPERATION.DESCRIBE),
    ]),
  'to do everything with a topic and a group': (scribe) =>
    tryAll(scribe, 'all', [onTopic(OPERATION.ALL), onGroup(OPERATION.ALL)]),
  'to alter the cluster and its settings': (scribe) =>
    tryAll(scribe, 'cluster', [
      onCluster(OPERATION.ALTER),
      onCluster(OPERATION.ALTER_CONFIGS),
      onCluster(OPERATION.CREATE),
    ]),
  'to alter settings': (scribe) =>
    tryAll(
      scribe,
      'configs',
      [onTopic(OPERATION.ALTER_CONFIGS), onGroup(OPERATION.DESCRIBE_CONFIGS)],
      ['DescribeConfigs', 'Incremental', 'Metadata'],
    ),
  'a denial counts more than a permission': (scribe) =>
    tryAll(
      scribe,
      'denied',
      [onTopic(OPERATION.ALL), ['TOPIC', { operation: OPERATION.WRITE, permissionType: PERMISSION.DENY }]],
      ['Produce', 'Fetch', 'Metadata', 'InitProducerId'],
    ),
  'another host': (scribe) =>
    tryAll(
      scribe,
      'host',
      [['TOPIC', { operation: OPERATION.ALL, host: '10.0.0.1' }]],
      ['Produce', 'Fetch', 'Metadata'],
    ),
  everybody: (scribe) =>
    tryAll(
      scribe,
      'everybody',
      [['TOPIC', { operation: OPERATION.READ, principal: 'User:*' }]],
      ['Produce', 'Fetch', 'Metadata'],
    ),
}

function batch(isTransactional = false): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(256))
  appender.append(null, Buffer.from('v'), Date.now(), null)
  const producer = { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  return new Uint8Array(appender.seal(isTransactional ? producer : {}))
}
