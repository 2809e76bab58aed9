import type { ResponseBody } from '@sluice/kafka-protocol'
import type { TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { askLeaders } from '../by-leader.ts'
import type { ClusterContext } from '../cluster.ts'
import { type Deadline, retrying } from '../deadline.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { PLACE, askOffsets } from '../list-offsets.ts'
import { Acls } from './acls.ts'
import { AdminRequests, valuesOf } from './admin-requests.ts'
import type { Admin, Outcome, TopicDescription, TopicSpec } from './admin-port.ts'
import { WholeCluster } from './cluster.ts'
import { Configs } from './configs.ts'
import { Groups } from './groups.ts'
import { Partitions } from './partitions.ts'
import { Quotas } from './quotas.ts'
import { Topics } from './topics.ts'
import { Transactions } from './transactions.ts'

/** The admin verbs of the port: the everyday ones here, the areas each in its file. */
export class PortAdmin implements Admin {
  readonly topics: Topics
  readonly partitions: Partitions
  readonly configs: Configs
  readonly groups: Groups
  readonly transactions: Transactions
  readonly acls: Acls
  readonly quotas: Quotas
  readonly cluster: WholeCluster
  readonly #context: ClusterContext
  readonly #requests: AdminRequests

  constructor(context: ClusterContext) {
    const requests = new AdminRequests(context)
    this.#context = context
    this.#requests = requests
    this.topics = new Topics(requests)
    this.partitions = new Partitions(requests)
    this.configs = new Configs(requests)
    this.groups = new Groups(requests)
    this.transactions = new Transactions(requests)
    this.acls = new Acls(requests)
    this.quotas = new Quotas(requests)
    this.cluster = new WholeCluster(requests)
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<readonly string[]> {
    const deadline = this.#requests.deadline()
    const existing = new Set((await this.describeTopics(topics.map(({ topic }) => topic))).map(({ topic }) => topic))
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    if (missing.length === 0) return []
    const outcomes = await this.topics.create(missing)
    // Somebody else may have created one meanwhile: then it is there, but not ours.
    const isThere = ({ error }: Outcome<string, unknown>): boolean => error?.place?.['error'] === 'TOPIC_ALREADY_EXISTS'
    valuesOf(outcomes.filter((one) => !isThere(one)))
    for (const { topic } of missing) await this.#context.metadata.topic(topic, deadline)
    return outcomes.flatMap(({ item, error }) => (error === null ? [item] : []))
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    const outcomes = await this.topics.delete(topics)
    const isGone = ({ error }: Outcome<string>): boolean => error?.place?.['error'] === 'UNKNOWN_TOPIC_OR_PARTITION'
    valuesOf(outcomes.filter((one) => !isGone(one)))
    const what = `see the topics ${topics.join(', ')} gone`
    await retrying(what, this.#requests.deadline(), this.#context, async () => {
      const [still] = await this.describeTopics(topics)
      if (still !== undefined) throw refused(KAFKA_ERROR.REQUEST_TIMED_OUT, `Topic ${still.topic} is still there`)
    })
    for (const topic of topics) this.#context.metadata.forget(topic)
  }

  async describeTopics(
    topics?: readonly string[],
    { letBrokerCreate = false }: { readonly letBrokerCreate?: boolean } = {},
  ): Promise<readonly TopicDescription[]> {
    if (topics?.length === 0) return []
    const what = topics === undefined ? 'list the topics' : `describe the topics ${topics.join(', ')}`
    return this.#requests.once(what, async () => {
      const connection = await this.#requests.any()
      const answer = await connection.send('Metadata', connection.version('Metadata', { lowest: 10 }), {
        topics: topics?.map((name) => ({ name })) ?? null,
        allowAutoTopicCreation: letBrokerCreate,
      })
      return answer.topics.filter((topic) => topics !== undefined || !topic.isInternal).flatMap(describe)
    })
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | number,
  ): Promise<readonly TopicPartitionOffset[]> {
    const deadline = this.#requests.deadline()
    const found = await this.#listOffsets(partitions, typeof at === 'number' ? at : PLACE[at], deadline)
    // No record at or after that time: what comes next will be the first one.
    const behind = partitions.filter((_, i) => found[i] === -1)
    const ends = behind.length === 0 ? [] : await this.#listOffsets(behind, PLACE.latest, deadline)
    let end = 0
    return partitions.map(({ topic, partition }, i) => ({
      topic,
      partition,
      offset: found[i] === -1 ? ends[end++]! : found[i]!,
    }))
  }

  async describeCluster(): Promise<{ readonly clusterId: string; readonly brokers: number }> {
    const { metadata } = this.#context
    await this.#requests.once('describe the cluster', () => metadata.refresh())
    return { clusterId: metadata.clusterId, brokers: metadata.brokerCount }
  }

  async #listOffsets(partitions: readonly TopicPartition[], at: number, deadline: Deadline): Promise<number[]> {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
    const ask = askOffsets('read_uncommitted', deadline.remainingMs)
    const found = await askLeaders('list offsets', queries, deadline, this.#context, ask)
    return found.map(({ offset }) => offset)
  }
}

function describe(topic: ResponseBody<'Metadata'>['topics'][number]): TopicDescription[] {
  const { name, errorCode, partitions } = topic
  if (name === null || errorCode === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) return []
  if (errorCode !== KAFKA_ERROR.NONE && partitions.length === 0) {
    throw refused(errorCode, `Cannot describe topic ${name}`, { topic: name })
  }
  return [{ topic: name, partitions: partitions.length }]
}
