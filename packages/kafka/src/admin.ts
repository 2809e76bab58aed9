import type { ResponseBody } from '@sluice/kafka-protocol'
import type { TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { askLeaders } from './by-leader.ts'
import type { ClusterContext } from './cluster.ts'
import { Deadline, retrying } from './deadline.ts'
import { KAFKA_ERROR, refused } from './kafka-errors.ts'
import { askOffsets } from './list-offsets.ts'
import type { Admin, TopicDescription, TopicSpec } from './port.ts'
import type { Connection } from './wire/connection.ts'

/** How a broker names the two ends of a partition in ListOffsets. */
const LATEST = -1
const EARLIEST = -2

/** The admin verbs of the port: each repeated on retriable refusals until requestTimeoutMs has passed. */
export class ClusterAdmin implements Admin {
  readonly #context: ClusterContext

  constructor(context: ClusterContext) {
    this.#context = context
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<readonly string[]> {
    const deadline = this.#deadline()
    const names = topics.map(({ topic }) => topic)
    const existing = new Set((await this.describeTopics(names)).map(({ topic }) => topic))
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    if (missing.length === 0) return []
    const created: string[] = []
    await retrying(
      `create the topics ${missing.map(({ topic }) => topic).join(', ')}`,
      deadline,
      this.#context,
      async () => {
        const wanted = missing.filter(({ topic }) => !existing.has(topic))
        for (const { name, errorCode, errorMessage } of await this.#createTopics(wanted, deadline)) {
          if (errorCode === KAFKA_ERROR.NONE) created.push(name)
          else if (errorCode !== KAFKA_ERROR.TOPIC_ALREADY_EXISTS) {
            throw await this.#refusedByController(
              errorCode,
              `Cannot create topic ${name}`,
              { topic: name },
              errorMessage,
            )
          }
          existing.add(name)
        }
      },
    )
    for (const { topic } of missing) await this.#context.metadata.topic(topic, deadline)
    return created
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    const deadline = this.#deadline()
    const left = new Set(topics)
    await retrying(`delete the topics ${topics.join(', ')}`, deadline, this.#context, async () => {
      const connection = await this.#controller()
      const version = connection.version('DeleteTopics', { highest: 6 })
      const { responses } = await connection.send('DeleteTopics', version, {
        topicNames: [...left],
        topics: [...left].map((name) => ({ name, topicId: ZERO_UUID })),
        timeoutMs: deadline.remainingMs,
      })
      for (const { name, errorCode, errorMessage } of responses) {
        const topic = name ?? ''
        if (errorCode !== KAFKA_ERROR.NONE && errorCode !== KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
          throw await this.#refusedByController(errorCode, `Cannot delete topic ${topic}`, { topic }, errorMessage)
        }
        left.delete(topic)
        this.#context.metadata.forget(topic)
      }
    })
    await retrying(`see the topics ${topics.join(', ')} gone`, deadline, this.#context, async () => {
      const [still] = await this.describeTopics(topics)
      if (still !== undefined) throw refused(KAFKA_ERROR.REQUEST_TIMED_OUT, `Topic ${still.topic} is still there`)
    })
  }

  async describeTopics(topics?: readonly string[]): Promise<readonly TopicDescription[]> {
    if (topics?.length === 0) return []
    const what = topics === undefined ? 'list the topics' : `describe the topics ${topics.join(', ')}`
    return retrying(what, this.#deadline(), this.#context, async () => {
      const connection = await this.#context.metadata.anyBroker()
      const version = connection.version('Metadata', { lowest: 10, highest: 12 })
      const answer = await connection.send('Metadata', version, {
        topics: topics?.map((name) => ({ name })) ?? null,
        allowAutoTopicCreation: false,
      })
      return answer.topics.filter((topic) => topics !== undefined || !topic.isInternal).flatMap(describe)
    })
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | number,
  ): Promise<readonly TopicPartitionOffset[]> {
    const deadline = this.#deadline()
    const timestamp = at === 'earliest' ? EARLIEST : at === 'latest' ? LATEST : at
    const found = await this.#listOffsets(partitions, timestamp, deadline)
    // No record at or after that time: what comes next will be the first one.
    const behind = partitions.filter((_, i) => found[i] === -1)
    const ends = behind.length === 0 ? [] : await this.#listOffsets(behind, LATEST, deadline)
    let end = 0
    return partitions.map(({ topic, partition }, i) => ({
      topic,
      partition,
      offset: found[i] === -1 ? ends[end++]! : found[i]!,
    }))
  }

  async describeCluster(): Promise<{ readonly clusterId: string; readonly brokers: number }> {
    const { metadata } = this.#context
    await retrying('describe the cluster', this.#deadline(), this.#context, () => metadata.refresh())
    return { clusterId: metadata.clusterId, brokers: metadata.brokerCount }
  }

  async #createTopics(
    topics: readonly TopicSpec[],
    deadline: Deadline,
  ): Promise<ResponseBody<'CreateTopics'>['topics']> {
    const connection = await this.#controller()
    const answer = await connection.send('CreateTopics', connection.version('CreateTopics', { highest: 7 }), {
      topics: topics.map((spec) => ({
        name: spec.topic,
        numPartitions: spec.partitions,
        replicationFactor: spec.replicationFactor ?? -1,
        assignments: [],
        configs: Object.entries(spec.configs ?? {}).map(([name, value]) => ({ name, value })),
      })),
      timeoutMs: deadline.remainingMs,
    })
    return answer.topics
  }

  async #listOffsets(partitions: readonly TopicPartition[], at: number, deadline: Deadline): Promise<number[]> {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
    const ask = askOffsets('read_uncommitted', deadline.remainingMs)
    const found = await askLeaders('list offsets', queries, deadline, this.#context, ask)
    return found.map(({ offset }) => offset)
  }

  /** KRaft brokers forward to the controller; older clusters want to be asked there. */
  #controller(): Promise<Connection> {
    const { metadata, links } = this.#context
    const { controllerId } = metadata
    return metadata.addressOf(controllerId) === undefined ? metadata.anyBroker() : links.to(controllerId)
  }

  async #refusedByController(
    code: number,
    what: string,
    place: Readonly<Record<string, string | number>>,
    message: string | null,
  ): Promise<Error> {
    if (code === KAFKA_ERROR.NOT_CONTROLLER) await this.#context.metadata.refresh()
    return refused(code, what, place, message)
  }

  #deadline(): Deadline {
    return new Deadline(this.#context.clock, this.#context.requestTimeoutMs)
  }
}

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

function describe(topic: ResponseBody<'Metadata'>['topics'][number]): TopicDescription[] {
  const { name, errorCode, partitions } = topic
  if (name === null || errorCode === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) return []
  if (errorCode !== KAFKA_ERROR.NONE && partitions.length === 0) {
    throw refused(errorCode, `Cannot describe topic ${name}`, { topic: name })
  }
  return [{ topic: name, partitions: partitions.length }]
}
