import { type ApiName, type RequestInput, type ResponseBody, kafkaError } from '@sluice/kafka-protocol'
import { RawClient } from '../support/raw-client.ts'

export const TOPIC = 2
export const BROKER = 4
export const BROKER_LOGGER = 8
export const CLIENT_METRICS = 16
export const GROUP = 32
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Sends administrative requests about topics of its own and writes down what came back, without names that differ by run. */
export class AdminScribe {
  readonly client: RawClient
  readonly suffix: string
  readonly settleMs: number
  readonly transcript: string[] = []

  constructor(client: RawClient, suffix: string, settleMs: number) {
    this.client = client
    this.suffix = suffix
    this.settleMs = settleMs
  }

  name(base: string): string {
    return `${base}-${this.suffix}`
  }

  send<N extends ApiName>(api: N, body: RequestInput<N>, version?: number): Promise<ResponseBody<N>> {
    return this.client.send(api, body, version)
  }

  note(step: string, outcome: string): void {
    this.transcript.push(`${step}: ${outcome}`.replaceAll(`-${this.suffix}`, ''))
  }

  async create(
    base: string,
    topic: Partial<RequestInput<'CreateTopics'>['topics'][number]> = {},
    { version = 7, validateOnly = false } = {},
  ): Promise<void> {
    const { topics } = await this.send(
      'CreateTopics',
      {
        topics: [
          { name: this.name(base), numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic },
        ],
        timeoutMs: 10_000,
        validateOnly,
      },
      version,
    )
    for (const answer of topics) {
      const set = (answer.configs ?? []).filter(({ configSource }) => configSource === 1)
      this.note(
        `CreateTopics ${base}`,
        `${kafkaError(answer.errorCode).name} ${answer.numPartitions}/${answer.replicationFactor}` +
          ` ${set.map(({ name, value }) => `${name}=${value}`).join(' ')}` +
          ` ${answer.topicId === ZERO_UUID ? 'no id' : 'id'} ${answer.configs === null ? 'null' : answer.configs.length > 0}` +
          ` ${answer.errorMessage === null ? 'no message' : 'message'}`,
      )
    }
    if (topics[0]!.errorCode === 0 && !validateOnly) await this.known(base, true)
  }

  /** Brokers learn of a topic a little after the controller does. */
  async known(base: string, isThere: boolean): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const { topics } = await this.send(
        'Metadata',
        { topics: [{ topicId: ZERO_UUID, name: this.name(base) }], allowAutoTopicCreation: false },
        12,
      )
      const isKnown = topics[0]!.errorCode === 0 && topics[0]!.partitions.every(({ leaderId }) => leaderId >= 0)
      if (isKnown === isThere) return
      await new Promise((resolve) => void setTimeout(resolve, 20))
    }
  }

  async idOf(base: string): Promise<string> {
    const { topics } = await this.send('Metadata', { topics: [{ topicId: ZERO_UUID, name: this.name(base) }] }, 12)
    return topics[0]!.topicId
  }

  async delete(topics: RequestInput<'DeleteTopics'>['topics'], version = 6): Promise<void> {
    const body =
      version < 6
        ? { topicNames: (topics ?? []).map(({ name }) => name ?? ''), timeoutMs: 5000 }
        : { topics: topics ?? [], timeoutMs: 5000 }
    const { responses } = await this.send('DeleteTopics', body, version)
    this.note(
      `DeleteTopics ${version}`,
      responses.map(({ name, errorCode }) => `${name} ${kafkaError(errorCode).name}`).join(', '),
    )
  }

  async grow(
    base: string,
    count: number,
    { assignments = null as { brokerIds: number[] }[] | null, validateOnly = false } = {},
  ): Promise<void> {
    const { results } = await this.send('CreatePartitions', {
      topics: [{ name: this.name(base), count, assignments }],
      timeoutMs: 5000,
      validateOnly,
    })
    this.note(`CreatePartitions ${base} ${count}`, results.map(({ errorCode }) => kafkaError(errorCode).name).join())
  }

  async alter(
    resourceType: number,
    resourceName: string,
    ops: readonly (readonly [name: string, operation: number, value: string | null])[],
    validateOnly = false,
  ): Promise<void> {
    const { responses } = await this.send('IncrementalAlterConfigs', {
      resources: [
        {
          resourceType,
          resourceName,
          configs: ops.map(([name, configOperation, value]) => ({ name, configOperation, value })),
        },
      ],
      validateOnly,
    })
    this.note(
      `IncrementalAlterConfigs ${resourceType} ${resourceName} ${JSON.stringify(ops)}`,
      responses.map(({ errorCode }) => kafkaError(errorCode).name).join(),
    )
  }

  async replace(
    resourceType: number,
    resourceName: string,
    configs: readonly { name: string; value: string | null }[],
  ): Promise<void> {
    const { responses } = await this.send('AlterConfigs', { resources: [{ resourceType, resourceName, configs }] })
    this.note(
      `AlterConfigs ${resourceType} ${resourceName} ${JSON.stringify(configs)}`,
      responses.map(({ errorCode }) => kafkaError(errorCode).name).join(),
    )
  }

  /** Values as a client sees them once they are known everywhere; only what differs between machines is left out. */
  async describe(
    resourceType: number,
    resourceName: string,
    configurationKeys: string[] | null,
    version = 4,
  ): Promise<void> {
    await new Promise((resolve) => void setTimeout(resolve, this.settleMs))
    const { results } = await this.send(
      'DescribeConfigs',
      {
        resources: [{ resourceType, resourceName, configurationKeys }],
        includeSynonyms: true,
        includeDocumentation: false,
      },
      version,
    )
    for (const { errorCode, configs } of results) {
      const values = configs
        // What an Apache Kafka of several brokers needs to have set, and has.
        .filter((one) => one.name !== 'min.insync.replicas')
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(
          (one) =>
            `${one.name}=${one.value} type${one.configType} source${one.configSource}${one.readOnly ? ' readonly' : ''}${one.isSensitive ? ' sensitive' : ''}` +
            ` (${one.synonyms.map(({ name, value, source }) => `${name}=${value}@${source}`).join(' ')})`,
        )
      this.note(
        `DescribeConfigs ${resourceType} ${resourceName}`,
        `${kafkaError(errorCode).name}\n    ${values.join('\n    ')}`,
      )
    }
  }
}

/** Conversations about topics and settings. */
export const ADMIN_SCRIPTS: Readonly<Record<string, (s: AdminScribe) => Promise<void>>> = {
  'topics are created with what was asked for': async (s) => {
    await s.create('plain')
    await s.create('plain')
    await s.create('defaults', { numPartitions: -1, replicationFactor: -1 })
    await s.create('configs', {
      configs: [
        { name: 'retention.ms', value: '1000' },
        { name: 'cleanup.policy', value: 'compact' },
      ],
    })
    await s.create('validated', {}, { validateOnly: true })
    await s.create('validated', {}, { version: 2 })
    await s.create('plain', {}, { validateOnly: true })
  },
  'bad topics are refused': async (s) => {
    await s.create('zero', { numPartitions: 0 })
    await s.create('minus', { numPartitions: -2 })
    await s.create('replicas', { replicationFactor: 0 })
    await s.create('replicas', { replicationFactor: 7 })
    await s.create('name', { name: 'no spaces please' })
    await s.create('name', { name: '' })
    await s.create('name', { name: '..' })
    await s.create('name', { name: 'x'.repeat(250) })
    await s.create('config', { configs: [{ name: 'retention.ms', value: 'soon' }] })
    await s.create('config', { configs: [{ name: 'no.such.setting', value: '1' }] })
    await s.create('config', { configs: [{ name: 'retention.ms', value: null }] })
    await s.create('config', { configs: [{ name: 'cleanup.policy', value: 'burn' }] })
    await s.create('config', { configs: [{ name: 'max.message.bytes', value: '-1' }] })
    await s.create('config', { configs: [{ name: 'no.such.setting', value: '1' }] }, { validateOnly: true })
    await s.create('zero', { numPartitions: 0 }, { validateOnly: true })
  },
  'assignments name replicas': async (s) => {
    const one = { numPartitions: -1, replicationFactor: -1 }
    await s.create('assigned', {
      ...one,
      assignments: [
        { partitionIndex: 0, brokerIds: [1] },
        { partitionIndex: 1, brokerIds: [1] },
      ],
    })
    await s.create('gap', { ...one, assignments: [{ partitionIndex: 1, brokerIds: [1] }] })
    await s.create('unknown', { ...one, assignments: [{ partitionIndex: 0, brokerIds: [77] }] })
    await s.create('twice', { ...one, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] })
    await s.create('empty', { ...one, assignments: [{ partitionIndex: 0, brokerIds: [] }] })
    await s.create('both', {
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [{ partitionIndex: 0, brokerIds: [1] }],
    })
    await s.create('same', {
      ...one,
      assignments: [
        { partitionIndex: 0, brokerIds: [1] },
        { partitionIndex: 0, brokerIds: [1] },
      ],
    })
  },
  'one topic named twice is refused twice': async (s) => {
    const topic = { name: s.name('doubled'), numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    const { topics } = await s.send('CreateTopics', {
      topics: [topic, topic, { ...topic, name: s.name('single') }],
      timeoutMs: 5000,
    })
    s.note(
      'CreateTopics',
      topics
        .map(({ name, errorCode }) => `${name} ${kafkaError(errorCode).name}`)
        .toSorted()
        .join(),
    )
  },
  'names that differ in dots and underscores collide': async (s) => {
    await s.create('a.b_c')
    await s.create('a_b.c')
  },
  'topics are deleted by name or id': async (s) => {
    for (const base of ['one', 'two', 'three']) await s.create(base)
    const id = await s.idOf('two')
    await s.delete([{ name: s.name('one'), topicId: ZERO_UUID }], 5)
    await s.delete([{ name: null, topicId: id }])
    await s.known('one', false)
    await s.known('two', false)
    await s.delete([{ name: null, topicId: id }])
    await s.delete([{ name: s.name('one'), topicId: ZERO_UUID }])
    await s.delete([{ name: s.name('one'), topicId: ZERO_UUID }], 1)
    await s.delete([
      { name: s.name('three'), topicId: ZERO_UUID },
      { name: s.name('three'), topicId: ZERO_UUID },
    ])
    await s.delete([{ name: s.name('three'), topicId: await s.idOf('three') }])
    await s.delete([{ name: null, topicId: ZERO_UUID }])
    await s.delete([])
    await s.delete([{ name: s.name('three'), topicId: ZERO_UUID }])
    await s.known('three', false)
    await s.create('three')
  },
  'partitions are only ever added': async (s) => {
    await s.create('grown', { numPartitions: 2 })
    await s.grow('grown', 2)
    await s.grow('grown', 1)
    await s.grow('grown', 0)
    await s.grow('grown', -1)
    await s.grow('missing', 3)
    await s.grow('grown', 3, { validateOnly: true })
    await s.grow('grown', 3)
    await s.grow('grown', 5, { assignments: [{ brokerIds: [1] }] })
    await s.grow('grown', 4, { assignments: [{ brokerIds: [99] }] })
    await s.grow('grown', 4, { assignments: [{ brokerIds: [1, 1] }] })
    await s.grow('grown', 4, { assignments: [{ brokerIds: [] }] })
    await s.grow('grown', 4, { assignments: [{ brokerIds: [1] }] })
  },
  'one topic named twice in CreatePartitions': async (s) => {
    await s.create('twice')
    const topic = { name: s.name('twice'), count: 2, assignments: null }
    const { results } = await s.send('CreatePartitions', { topics: [topic, topic], timeoutMs: 5000 })
    s.note('CreatePartitions', results.map(({ name, errorCode }) => `${name} ${kafkaError(errorCode).name}`).join())
  },
  'settings of a topic are described': async (s) => {
    await s.create('described', {
      configs: [
        { name: 'retention.ms', value: '1000' },
        { name: 'cleanup.policy', value: 'compact,delete' },
      ],
    })
    await s.describe(TOPIC, s.name('described'), [
      'retention.ms',
      'cleanup.policy',
      'segment.bytes',
      'no.such.setting',
      'max.message.bytes',
      'compression.type',
      'segment.ms',
      'flush.ms',
    ])
    await s.describe(TOPIC, s.name('described'), null)
    await s.describe(TOPIC, s.name('described'), [])
    await s.describe(TOPIC, s.name('missing'), null)
    await s.describe(TOPIC, 'no spaces please', null)
    await s.describe(TOPIC, '', null)
    await s.describe(77, 'x', null)
    await s.describe(BROKER, 'x', null)
    await s.describe(BROKER, '99', null)
    await s.describe(GROUP, '', ['consumer.session.timeout.ms'])
    await s.describe(GROUP, s.name('group'), ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms'])
    await s.describe(CLIENT_METRICS, '', null)
  },
  'settings of a topic are altered one by one': async (s) => {
    await s.create('altered')
    const name = s.name('altered')
    const keys = ['retention.ms', 'cleanup.policy', 'segment.bytes']
    await s.alter(TOPIC, name, [['retention.ms', SET, '5000']])
    await s.alter(TOPIC, name, [['segment.bytes', SET, '2000000']], true)
    await s.describe(TOPIC, name, keys)
    await s.alter(TOPIC, name, [['cleanup.policy', APPEND, 'compact']])
    await s.describe(TOPIC, name, keys)
    await s.alter(TOPIC, name, [['cleanup.policy', APPEND, 'compact']])
    await s.alter(TOPIC, name, [['cleanup.policy', SUBTRACT, 'delete']])
    await s.describe(TOPIC, name, keys)
    await s.alter(TOPIC, name, [
      ['retention.ms', DELETE, null],
      ['cleanup.policy', DELETE, ''],
    ])
    await s.alter(TOPIC, name, [['retention.ms', DELETE, null]])
    await s.describe(TOPIC, name, keys)
    await s.alter(TOPIC, name, [['retention.ms', APPEND, '1']])
    await s.alter(TOPIC, name, [['retention.ms', SUBTRACT, '1']])
    await s.alter(TOPIC, name, [['retention.ms', SET, null]])
    await s.alter(TOPIC, name, [['cleanup.policy', SUBTRACT, null]])
    await s.alter(TOPIC, name, [['retention.ms', SET, 'soon']])
    await s.alter(TOPIC, name, [['retention.ms', SET, 'soon']], true)
    await s.alter(TOPIC, name, [['no.such.setting', SET, '1']])
    await s.alter(TOPIC, name, [['no.such.setting', DELETE, null]])
    await s.alter(TOPIC, name, [
      ['retention.ms', SET, '1'],
      ['retention.ms', SET, '2'],
    ])
    await s.alter(TOPIC, name, [])
    await s.alter(TOPIC, s.name('missing'), [['retention.ms', SET, '1']])
    await s.alter(TOPIC, '', [['retention.ms', SET, '1']])
    await s.alter(77, 'x', [['retention.ms', SET, '1']])
    await s.alter(BROKER, 'x', [['log.retention.ms', SET, '1']])
    await s.alter(BROKER, '99', [['log.cleaner.backoff.ms', SET, '1']])
    await s.alter(BROKER_LOGGER, '1', [['no.such.Logger', SET, 'LOUD']])
    await s.alter(GROUP, '', [['consumer.session.timeout.ms', SET, '45000']])
  },
  'settings of a topic are replaced': async (s) => {
    await s.create('replaced', { configs: [{ name: 'retention.ms', value: '1' }] })
    const name = s.name('replaced')
    await s.replace(TOPIC, name, [{ name: 'segment.bytes', value: '2000000' }])
    await s.describe(TOPIC, name, ['retention.ms', 'segment.bytes'])
    await s.replace(TOPIC, name, [{ name: 'segment.bytes', value: null }])
    await s.replace(TOPIC, name, [{ name: 'segment.bytes', value: 'big' }])
    await s.replace(TOPIC, name, [])
    await s.describe(TOPIC, name, ['retention.ms', 'segment.bytes'])
    await s.replace(TOPIC, s.name('missing'), [])
  },
  'settings of a group are its own': async (s) => {
    const group = s.name('group')
    await s.alter(GROUP, group, [['consumer.session.timeout.ms', SET, '50000']])
    await s.describe(GROUP, group, ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms'])
    await s.alter(GROUP, group, [['consumer.session.timeout.ms', SET, '1']])
    await s.alter(GROUP, group, [['consumer.session.timeout.ms', SET, '99000']])
    await s.alter(GROUP, group, [['consumer.session.timeout.ms', SET, 'long']])
    await s.alter(GROUP, group, [['no.such.setting', SET, '1']])
    await s.alter(GROUP, group, [['consumer.session.timeout.ms', DELETE, null]])
    await s.describe(GROUP, group, ['consumer.session.timeout.ms'])
  },
  'a broker’s settings are described, some altered': async (s) => {
    await s.describe(BROKER, '1', [
      'transaction.max.timeout.ms',
      'log.retention.hours',
      'log.retention.ms',
      'no.such.setting',
      'log.cleaner.backoff.ms',
    ])
    await s.alter(BROKER, '1', [['transaction.max.timeout.ms', SET, '1']])
    await s.alter(BROKER, '1', [['log.cleaner.backoff.ms', SET, 'x']])
    await s.alter(BROKER, '1', [['log.cleaner.backoff.ms', SET, '15001']], true)
    await s.alter(BROKER, '', [['log.cleaner.backoff.ms', SET, '15002']])
    await s.describe(BROKER, '1', ['log.cleaner.backoff.ms'])
    await s.describe(BROKER, '', ['log.cleaner.backoff.ms'])
    await s.alter(BROKER, '1', [['log.cleaner.backoff.ms', SET, '15003']])
    await s.describe(BROKER, '1', ['log.cleaner.backoff.ms'])
    await s.alter(BROKER, '1', [['log.cleaner.backoff.ms', DELETE, null]])
    await s.alter(BROKER, '', [['log.cleaner.backoff.ms', DELETE, null]])
    await s.describe(BROKER, '1', ['log.cleaner.backoff.ms'])
  },
  'a resource named twice is refused': async (s) => {
    await s.create('twice')
    const resource = {
      resourceType: TOPIC,
      resourceName: s.name('twice'),
      configs: [{ name: 'retention.ms', configOperation: SET, value: '1' }],
    }
    const { responses } = await s.send('IncrementalAlterConfigs', { resources: [resource, resource] })
    s.note('IncrementalAlterConfigs', responses.map(({ errorCode }) => kafkaError(errorCode).name).join())
  },
  'resources with settings are listed': async (s) => {
    await s.create('listed')
    await s.alter(GROUP, s.name('listed-group'), [['consumer.session.timeout.ms', SET, '50000']])
    await new Promise((resolve) => void setTimeout(resolve, s.settleMs))
    for (const types of [[TOPIC], [BROKER], [GROUP], [CLIENT_METRICS], [BROKER_LOGGER], [77], []]) {
      const { errorCode, configResources } = await s.send('ListConfigResources', { resourceTypes: types }, 1)
      const mine = configResources
        .filter(
          ({ resourceName, resourceType }) =>
            resourceName.includes(s.suffix) || resourceType === BROKER || resourceType === BROKER_LOGGER,
        )
        .map(({ resourceName, resourceType }) => `${resourceType} ${resourceName}`)
      s.note(`ListConfigResources ${types.join()}`, `${kafkaError(errorCode).name} ${mine.toSorted().join(', ')}`)
    }
    const { errorCode, configResources } = await s.send('ListConfigResources', {}, 0)
    s.note('ListConfigResources 0', `${kafkaError(errorCode).name} ${configResources.length}`)
    await s.alter(GROUP, s.name('listed-group'), [['consumer.session.timeout.ms', DELETE, null]])
  },
  'log directories tell sizes': async (s) => {
    await s.create('sized', { numPartitions: 2 })
    // A broker may take a moment longer to make the directories than to tell of the topic.
    await new Promise((resolve) => void setTimeout(resolve, s.settleMs))
    for (const topics of [
      [{ topic: s.name('sized'), partitions: [0, 1, 9] }],
      [{ topic: s.name('missing'), partitions: [0] }],
      [],
    ]) {
      const { errorCode, results } = await s.send('DescribeLogDirs', { topics })
      const found = results.flatMap((dir) =>
        dir.topics.map(
          ({ name, partitions }) =>
            `${name} ${partitions
              .map((one) => `${one.partitionIndex}:${one.partitionSize}:${one.offsetLag}:${one.isFutureKey}`)
              .toSorted()
              .join()}`,
        ),
      )
      s.note(
        'DescribeLogDirs',
        `${kafkaError(errorCode).name} ${results.map((dir) => kafkaError(dir.errorCode).name).join()} ${found.join(' ')}`,
      )
    }
  },
  'leaders are elected only where there is something to elect': async (s) => {
    await s.create('elected')
    for (const [type, topic, partition] of [
      [0, 'elected', 0],
      [1, 'elected', 0],
      [0, 'missing', 0],
      [0, 'elected', 7],
      [9, 'elected', 0],
    ] as const) {
      const answer = await s.send('ElectLeaders', {
        electionType: type,
        topicPartitions: [{ topic: s.name(topic), partitions: [partition] }],
        timeoutMs: 5000,
      })
      const results = answer.replicaElectionResults.flatMap(({ partitionResult }) =>
        partitionResult.map(({ errorCode }) => kafkaError(errorCode).name),
      )
      s.note(`ElectLeaders ${type} ${topic} ${partition}`, `${kafkaError(answer.errorCode).name} ${results.join()}`)
    }
  },
  'replicas are reassigned to where they are': async (s) => {
    await s.create('moved')
    for (const [topic, partition, replicas] of [
      ['moved', 0, [1]],
      ['moved', 0, null],
      ['moved', 0, [9]],
      ['moved', 0, []],
      ['moved', 0, [1, 1]],
      ['moved', 0, [-1]],
      ['moved', 9, [1]],
      ['missing', 0, [1]],
      ['missing', 0, null],
    ] as const) {
      const answer = await s.send('AlterPartitionReassignments', {
        topics: [{ name: s.name(topic), partitions: [{ partitionIndex: partition, replicas }] }],
      })
      s.note(
        `AlterPartitionReassignments ${topic} ${partition} ${JSON.stringify(replicas)}`,
        `${kafkaError(answer.errorCode).name} ${answer.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => kafkaError(errorCode).name)).join()}`,
      )
    }
    for (const topics of [
      null,
      [{ name: s.name('moved'), partitionIndexes: [0] }],
      [{ name: s.name('missing'), partitionIndexes: [0] }],
    ]) {
      const answer = await s.send('ListPartitionReassignments', { topics })
      s.note('ListPartitionReassignments', `${kafkaError(answer.errorCode).name} ${answer.topics.length}`)
    }
  },
  'features are not changed by accident': async (s) => {
    for (const [feature, maxVersionLevel, upgradeType] of [
      ['no.such.feature', 1, 1],
      ['transaction.version', 99, 1],
    ] as const) {
      const answer = await s.send(
        'UpdateFeatures',
        { featureUpdates: [{ feature, maxVersionLevel, upgradeType }], validateOnly: true },
        1,
      )
      s.note(
        `UpdateFeatures ${feature}`,
        `${kafkaError(answer.errorCode).name} ${answer.results.map(({ errorCode }) => kafkaError(errorCode).name).join()}`,
      )
    }
  },
}

/** Runs a script against a broker that needs so long until what was altered is known everywhere. */
export async function runAdminScript(port: number, title: string, suffix: string, settleMs: number): Promise<string[]> {
  const client = await RawClient.open(port)
  try {
    const scribe = new AdminScribe(client, `${suffix}${Object.keys(ADMIN_SCRIPTS).indexOf(title)}`, settleMs)
    await ADMIN_SCRIPTS[title]!(scribe)
    return scribe.transcript
  } finally {
    client.close()
  }
}
