import { SluiceError } from '@sluice/sdk'
import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { nameAndValue } from '../command-line/name-and-value.ts'
import { forEach } from '../connect/each.ts'
import { type Column, outputOptions, print } from '../connect/output.ts'
import { kafkaOptions, noSuchTopic, withKafka } from '../topics/kafka-options.ts'

interface TopicRow {
  readonly topic: string
  readonly partitions: number
  readonly records: number
}

const topicColumns: readonly Column<TopicRow>[] = [
  { heading: 'TOPIC', of: ({ topic }) => topic },
  { heading: 'PARTITIONS', of: ({ partitions }) => partitions },
  { heading: 'OFFSETS', of: ({ records }) => records },
]

const list = leaf({
  name: 'list',
  summary: 'Topics, their partitions, and how many offsets they hold',
  options: {
    internal: { type: 'flag', documentation: 'Also those whose names begin with __' },
    ...outputOptions,
    ...kafkaOptions,
  },
  details: 'Offsets are records, and what transactions and compaction have left gaps for.',
  async run({ values, terminal }) {
    const rows = await withKafka(values, async ({ admin }) => {
      const topics = (await admin.describeTopics()).filter(({ topic }) => values.internal || !topic.startsWith('__'))
      const partitions = topics.flatMap(({ topic, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
      )
      const [first, last] = await Promise.all([
        admin.listOffsets(partitions, 'earliest'),
        admin.listOffsets(partitions, 'latest'),
      ])
      const held = new Map<string, number>()
      for (const { topic, offset } of last) held.set(topic, (held.get(topic) ?? 0) + offset)
      for (const { topic, offset } of first) held.set(topic, (held.get(topic) ?? 0) - offset)
      return topics
        .map(({ topic, partitions }): TopicRow => ({ topic, partitions, records: held.get(topic) ?? 0 }))
        .toSorted((a, b) => (a.topic < b.topic ? -1 : 1))
    })
    await print({ rows, columns: topicColumns, name: ({ topic }) => topic, document: rows }, values, terminal)
    return EXIT.ok
  },
})

interface PartitionRow {
  readonly partition: number
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  readonly first: number | undefined
  readonly end: number | undefined
}

const partitionColumns: readonly Column<PartitionRow>[] = [
  { heading: 'PARTITION', of: ({ partition }) => partition },
  { heading: 'FIRST', of: ({ first }) => first },
  { heading: 'END', of: ({ end }) => end },
  { heading: 'LEADER', of: ({ leader }) => leader },
  { heading: 'REPLICAS', of: ({ replicas }) => replicas.join(',') },
  { heading: 'IN SYNC', of: ({ inSyncReplicas }) => inSyncReplicas.join(',') },
]

const describe = leaf({
  name: 'describe',
  summary: 'Partitions of a topic with their offsets and replicas, and the settings that are its own',
  operands: [{ name: 'TOPIC', documentation: 'A topic' }],
  options: { ...outputOptions, ...kafkaOptions },
  async run({ values, operands: [topic], terminal }) {
    const { rows, configs } = await withKafka(values, async ({ admin }) => {
      const [found] = await admin.topics.describe([topic!])
      if (found === undefined || found.value === null) {
        const isMissing = (await admin.describeTopics([topic!])).length === 0
        throw isMissing ? noSuchTopic(topic!) : found!.error
      }
      const partitions = found.value.partitions.map(({ partition }) => ({ topic: topic!, partition }))
      const [first, end] = await Promise.all([
        admin.listOffsets(partitions, 'earliest'),
        admin.listOffsets(partitions, 'latest'),
      ])
      const [described] = await admin.configs.describe([{ type: 'topic', name: topic! }])
      const own = (described?.value ?? []).filter(({ source, isSensitive }) => source === 'topic' && !isSensitive)
      return {
        rows: found.value.partitions
          .toSorted((a, b) => a.partition - b.partition)
          .map((details): PartitionRow => {
            const here = ({ partition }: { readonly partition: number }): boolean => partition === details.partition
            const { partition, leader, replicas, inSyncReplicas } = details
            return {
              partition,
              leader,
              replicas,
              inSyncReplicas,
              first: first.find(here)?.offset,
              end: end.find(here)?.offset,
            }
          }),
        configs: Object.fromEntries(own.map(({ name, value }) => [name, value])),
      }
    })
    const document = { topic, partitions: rows, configs }
    await print(
      { rows, columns: partitionColumns, name: ({ partition }) => `${topic}/${partition}`, document },
      values,
      terminal,
    )
    if (values.output === 'table' || values.output === 'wide')
      for (const [name, value] of Object.entries(configs)) terminal.out(`${name}=${value}\n`)
    return EXIT.ok
  },
})

const create = leaf({
  name: 'create',
  summary: 'Makes a topic',
  operands: [{ name: 'TOPIC', documentation: 'A name that no topic has' }],
  options: {
    partitions: { type: 'number', value: 'COUNT', documentation: 'How many partitions; else as the brokers have it' },
    replicas: { type: 'number', value: 'COUNT', documentation: 'Copies of each; else as the brokers have it' },
    config: {
      type: 'text',
      value: 'NAME=VALUE',
      isRepeated: true,
      documentation: 'A setting of the topic, as in cleanup.policy=compact; may be repeated',
    },
    ...kafkaOptions,
  },
  examples: ['topics create orders --partitions 6 --config retention.ms=86400000'],
  async run({ values, operands: [topic], terminal }) {
    const configs = Object.fromEntries(values.config.map((text) => nameAndValue('config', text)))
    await withKafka(values, async ({ admin }) => {
      const [outcome] = await admin.topics.create([
        {
          topic: topic!,
          configs,
          partitions: values.partitions ?? -1,
          ...(values.replicas !== undefined && { replicationFactor: values.replicas }),
        },
      ])
      if (outcome!.error !== null) throw outcome!.error
    })
    terminal.out(`${topic} created\n`)
    return EXIT.ok
  },
})

const remove = leaf({
  name: 'delete',
  summary: 'Deletes topics with all their records',
  operands: [{ name: 'TOPIC', isRepeated: true, documentation: 'Topics' }],
  options: {
    yes: { type: 'flag', short: 'y', documentation: 'That it is meant: nothing is deleted without it' },
    ...kafkaOptions,
  },
  examples: ['topics delete orders-copy --yes'],
  async run({ values, operands, terminal }) {
    if (!values.yes)
      throw new SluiceError(
        'USAGE_INVALID',
        `All records of ${operands.join(', ')} would be deleted; nothing was done`,
        {
          remedy: 'Give --yes if that is meant.',
        },
      )
    return withKafka(values, async ({ admin }) => {
      const outcomes = new Map((await admin.topics.delete(operands)).map((outcome) => [outcome.item, outcome]))
      return forEach(
        operands,
        (topic) => topic,
        terminal,
        async (topic) => {
          const error = outcomes.get(topic)?.error ?? null
          if (error !== null) throw (await admin.describeTopics([topic])).length === 0 ? noSuchTopic(topic) : error
          terminal.out(`${topic} deleted\n`)
          return EXIT.ok
        },
      )
    })
  },
})

export const topicsNode: Group = {
  name: 'topics',
  summary: 'Shows, makes and deletes the topics of a Kafka',
  commands: [list, describe, create, remove],
}

export const topics = declared(topicsNode)
