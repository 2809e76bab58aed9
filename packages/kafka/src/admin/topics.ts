import type { ResponseBody } from '@sluice/kafka-protocol'
import { operationsOf } from './acl-words.ts'
import { type AdminRequests, answered } from './admin-requests.ts'
import type {
  CreatedTopic,
  NewPartitions,
  NewTopic,
  Outcome,
  PartitionDetails,
  TopicDetails,
  TopicsAdmin,
} from './admin-port.ts'

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

export class Topics implements TopicsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  async create(
    topics: readonly NewTopic[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string, CreatedTopic>[]> {
    const specs = new Map(topics.map((spec) => [spec.topic, spec]))
    return this.#requests.outcomes('create topics', [...specs.keys()], async (left, deadline) => {
      const connection = await this.#requests.controller()
      const answer = await connection.send('CreateTopics', connection.version('CreateTopics', { lowest: 5 }), {
        topics: left.map((name) => creation(specs.get(name)!)),
        timeoutMs: deadline.remainingMs,
        validateOnly,
      })
      return new Map(
        answer.topics.map((found) => {
          const { name, errorCode, errorMessage } = found
          return [
            name,
            answered(errorCode, created(found), `Cannot create topic ${name}`, { topic: name }, errorMessage),
          ]
        }),
      )
    })
  }

  async delete(topics: readonly string[]): Promise<readonly Outcome<string>[]> {
    return this.#requests.outcomes('delete topics', [...new Set(topics)], async (left, deadline) => {
      const connection = await this.#requests.controller()
      const version = connection.version('DeleteTopics', { lowest: 4 })
      const { responses } = await connection.send('DeleteTopics', version, {
        topicNames: [...left],
        topics: left.map((name) => ({ name, topicId: NO_ID })),
        timeoutMs: deadline.remainingMs,
      })
      return new Map(
        responses.map(({ name, errorCode, errorMessage }) => {
          const topic = name ?? ''
          if (errorCode === 0) this.#requests.context.metadata.forget(topic)
          return [topic, answered(errorCode, undefined, `Cannot delete topic ${topic}`, { topic }, errorMessage)]
        }),
      )
    })
  }

  async list(): Promise<readonly string[]> {
    const { topics } = await this.#metadata(null, false)
    return topics.flatMap(({ name }) => name ?? []).toSorted()
  }

  async describe(
    topics: readonly string[],
    { authorizedOperations = false }: { readonly authorizedOperations?: boolean } = {},
  ): Promise<readonly Outcome<string, TopicDetails>[]> {
    return this.#requests.outcomes('describe topics', [...new Set(topics)], async (left) => {
      const answer = await this.#metadata(left, authorizedOperations)
      return new Map(
        answer.topics.map((found) => {
          const topic = found.name ?? ''
          return [topic, answered(found.errorCode, details(topic, found), `Cannot describe topic ${topic}`, { topic })]
        }),
      )
    })
  }

  async createPartitions(
    topics: readonly NewPartitions[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string>[]> {
    const specs = new Map(topics.map((spec) => [spec.topic, spec]))
    const { metadata } = this.#requests.context
    const outcomes = await this.#requests.outcomes<string, undefined>(
      'create partitions',
      [...specs.keys()],
      async (left, deadline) => {
        const connection = await this.#requests.controller()
        const { results } = await connection.send('CreatePartitions', connection.version('CreatePartitions'), {
          topics: left.map((name) => {
            const { count, assignments } = specs.get(name)!
            return { name, count, assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null }
          }),
          timeoutMs: deadline.remainingMs,
          validateOnly,
        })
        return new Map(
          results.map(({ name, errorCode, errorMessage }) => {
            const what = `Cannot add partitions to topic ${name}`
            return [name, answered(errorCode, undefined, what, { topic: name }, errorMessage)]
          }),
        )
      },
    )
    metadata.refreshSoon()
    return outcomes
  }

  #metadata(topics: readonly string[] | null, hasOperations: boolean): Promise<ResponseBody<'Metadata'>> {
    return this.#requests.once('describe topics', async () => {
      const connection = await this.#requests.any()
      return connection.send('Metadata', connection.version('Metadata', { lowest: 10 }), {
        topics: topics?.map((name) => ({ name, topicId: NO_ID })) ?? null,
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: hasOperations,
      })
    })
  }
}

function creation({ topic: name, partitions, replicationFactor = -1, assignments, configs = {} }: NewTopic) {
  return {
    name,
    numPartitions: assignments === undefined ? partitions : -1,
    replicationFactor: assignments === undefined ? replicationFactor : -1,
    assignments: assignments?.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })) ?? [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }
}

function created(found: ResponseBody<'CreateTopics'>['topics'][number]): CreatedTopic {
  const { topicId, numPartitions: partitions, replicationFactor, configs } = found
  const hasConfigs = configs !== null && found.topicConfigErrorCode === 0
  return {
    topicId: topicId === NO_ID ? '' : topicId,
    partitions,
    replicationFactor,
    configs: hasConfigs ? new Map(configs.map(({ name, value }) => [name, value])) : null,
  }
}

function details(topic: string, found: ResponseBody<'Metadata'>['topics'][number]): TopicDetails {
  const partitions = found.partitions.map((one): PartitionDetails => ({
    partition: one.partitionIndex,
    leader: one.leaderId,
    leaderEpoch: one.leaderEpoch,
    replicas: one.replicaNodes,
    inSyncReplicas: one.isrNodes,
    offlineReplicas: one.offlineReplicas,
  }))
  return {
    topic,
    topicId: found.topicId,
    isInternal: found.isInternal,
    partitions: partitions.toSorted((a, b) => a.partition - b.partition),
    authorizedOperations: operationsOf(found.topicAuthorizedOperations),
  }
}
