import type { TopicPartition } from '@sluice/sdk'
import type { Ask, PartitionAnswer } from '../by-leader.ts'
import { byTopic, groupByTopic } from '../by-topic.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { PLACE, askOffsets } from '../list-offsets.ts'
import { type AdminRequests, type Answers, answered } from './admin-requests.ts'
import type { ActiveProducer, ListedOffset, OffsetSpec, Outcome, PartitionsAdmin, Reassignment } from './admin-port.ts'

/** DeleteRecords: up to the high watermark. */
const TO_THE_END = -1

const ELECTIONS = { preferred: 0, unclean: 1 } as const

export class Partitions implements PartitionsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  listOffsets<P extends OffsetSpec>(
    specs: readonly P[],
    { isolation = 'read_uncommitted' }: { readonly isolation?: 'read_uncommitted' | 'read_committed' } = {},
  ): Promise<readonly Outcome<P, ListedOffset>[]> {
    const ask = askOffsets(isolation, this.#requests.context.requestTimeoutMs)
    return this.#requests.ofLeaders('list offsets', specs, (connection, group) =>
      ask(
        connection,
        group.map(({ topic, partition, at }) => ({
          topic,
          partition,
          at: typeof at === 'number' ? at : PLACE[at],
        })),
      ),
    )
  }

  deleteRecords<P extends TopicPartition & { readonly before: number | 'end' }>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P, number>[]> {
    return this.#requests.ofLeaders('delete records', partitions, async (connection, group) => {
      const { topics } = await connection.send('DeleteRecords', connection.version('DeleteRecords'), {
        topics: groupByTopic(group).map(([name, some]) => ({
          name,
          partitions: some.map(({ partition, before }) => ({
            partitionIndex: partition,
            offset: before === 'end' ? TO_THE_END : before,
          })),
        })),
        timeoutMs: this.#requests.context.requestTimeoutMs,
      })
      const flat = topics.flatMap(({ name, partitions: found }) => found.map((one) => ({ ...one, topic: name })))
      return inOrder(group, flat, ({ lowWatermark }) => Number(lowWatermark))
    })
  }

  describeProducers<P extends TopicPartition>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P, readonly ActiveProducer[]>[]> {
    const ask: Ask<P, readonly ActiveProducer[]> = async (connection, group) => {
      const { topics } = await connection.send('DescribeProducers', connection.version('DescribeProducers'), {
        topics: byTopic(group).map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
      })
      const flat = topics.flatMap(({ name, partitions: found }) => found.map((one) => ({ ...one, topic: name })))
      return inOrder(group, flat, ({ activeProducers }) =>
        activeProducers.map(({ lastTimestamp, currentTxnStartOffset, ...producer }) => ({
          ...producer,
          lastTimestamp: Number(lastTimestamp),
          currentTransactionStartOffset: Number(currentTxnStartOffset),
        })),
      )
    }
    return this.#requests.ofLeaders('describe producers', partitions, ask)
  }

  electLeaders<P extends TopicPartition>(
    partitions: readonly P[],
    election: 'preferred' | 'unclean',
  ): Promise<readonly Outcome<P>[]> {
    const what = 'elect leaders'
    return this.#requests.outcomes(what, partitions, async (left, deadline) => {
      const connection = await this.#requests.controller()
      const answer = await connection.send('ElectLeaders', connection.version('ElectLeaders', { lowest: 1 }), {
        electionType: ELECTIONS[election],
        topicPartitions: byTopic(left).map(([topic, some]) => ({ topic, partitions: some })),
        timeoutMs: deadline.remainingMs,
      })
      if (answer.errorCode !== KAFKA_ERROR.NONE) throw refused(answer.errorCode, `Cannot ${what}`)
      const flat = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
        partitionResult.map((one) => ({ ...one, topic, partitionIndex: one.partitionId })),
      )
      return answersOf(what, left, flat)
    })
  }

  reassign<P extends TopicPartition & { readonly replicas: readonly number[] | null }>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P>[]> {
    const what = 'reassign partitions'
    return this.#requests.outcomes(what, partitions, async (left, deadline) => {
      const connection = await this.#requests.controller()
      const version = connection.version('AlterPartitionReassignments')
      const answer = await connection.send('AlterPartitionReassignments', version, {
        timeoutMs: deadline.remainingMs,
        topics: groupByTopic(left).map(([name, some]) => ({
          name,
          partitions: some.map(({ partition, replicas }) => ({
            partitionIndex: partition,
            replicas: replicas === null ? null : [...replicas],
          })),
        })),
      })
      const { errorCode, errorMessage, responses } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, `Cannot ${what}`, {}, errorMessage)
      const flat = responses.flatMap(({ name, partitions: found }) => found.map((one) => ({ ...one, topic: name })))
      return answersOf(what, left, flat)
    })
  }

  listReassignments(partitions?: readonly TopicPartition[]): Promise<readonly Reassignment[]> {
    const what = 'list reassignments'
    return this.#requests.once(what, async (deadline) => {
      const connection = await this.#requests.controller()
      const version = connection.version('ListPartitionReassignments')
      const answer = await connection.send('ListPartitionReassignments', version, {
        timeoutMs: deadline.remainingMs,
        topics:
          partitions === undefined
            ? null
            : byTopic(partitions).map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
      })
      const { errorCode, errorMessage, topics } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, `Cannot ${what}`, {}, errorMessage)
      return topics.flatMap(({ name: topic, partitions: found }) =>
        found.map(({ partitionIndex: partition, replicas, addingReplicas, removingReplicas }) => ({
          topic,
          partition,
          replicas,
          addingReplicas,
          removingReplicas,
        })),
      )
    })
  }
}

/** What a broker said of one partition. */
interface Coded extends Pick<TopicPartition, 'topic'> {
  readonly partitionIndex: number
  readonly errorCode: number
}

function inOrder<A extends Coded, V>(
  group: readonly TopicPartition[],
  answers: readonly A[],
  valueOf: (answer: A) => V,
): PartitionAnswer<V>[] {
  const found = new Map(answers.map((one) => [`${one.topic} ${one.partitionIndex}`, one]))
  return group.map(({ topic, partition }) => {
    const one = found.get(`${topic} ${partition}`)
    if (one?.errorCode === KAFKA_ERROR.NONE) return { answer: valueOf(one) }
    return { errorCode: one?.errorCode ?? KAFKA_ERROR.UNKNOWN_SERVER_ERROR }
  })
}

function answersOf<P extends TopicPartition>(
  what: string,
  items: readonly P[],
  answers: readonly (Coded & { readonly errorMessage: string | null })[],
): Answers<P, undefined> {
  const found = new Map(answers.map((one) => [`${one.topic} ${one.partitionIndex}`, one]))
  return new Map(
    items.flatMap((item) => {
      const { topic, partition } = item
      const one = found.get(`${topic} ${partition}`)
      if (one === undefined) return []
      return [[item, answered(one.errorCode, undefined, `Cannot ${what}`, { topic, partition }, one.errorMessage)]]
    }),
  )
}
