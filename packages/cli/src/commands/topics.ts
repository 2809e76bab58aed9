import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
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

export const topicsNode: Group = { name: 'topics', summary: 'Shows the topics of a Kafka', commands: [list, describe] }

export const topics = declared(topicsNode)
