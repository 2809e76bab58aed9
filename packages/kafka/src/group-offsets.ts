import type { ResponseBody } from '@sluice/kafka-protocol'
import type { TopicPartition } from '@sluice/sdk'
import { byTopic } from './by-topic.ts'
import type { ClusterContext } from './cluster.ts'
import { atCoordinator } from './coordinator.ts'
import { KAFKA_ERROR, isRetriableCode, refused } from './kafka-errors.ts'
import type { CommittedOffset, GroupOffsets } from './port.ts'
import type { Connection } from './wire/connection.ts'

/**
 * The committed offsets of one group, read and written at its coordinator as "simple" commits: generation -1 and no member,
 * which the coordinator accepts as long as the group has no members.
 */
export class CoordinatedOffsets implements GroupOffsets {
  readonly #context: ClusterContext
  readonly #groupId: string

  constructor(context: ClusterContext, groupId: string) {
    this.#context = context
    this.#groupId = groupId
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    let left = offsets
    if (left.length === 0) return
    await this.#repeat(`commit offsets of group ${this.#groupId}`, async (connection) => {
      const { topics } = await connection.send('OffsetCommit', connection.version('OffsetCommit', { highest: 9 }), {
        groupId: this.#groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: byTopic(left).map(([name, indexes]) => ({
          name,
          partitions: indexes.map((partitionIndex) => {
            const { offset, metadata } = left.find(
              ({ topic, partition }) => topic === name && partition === partitionIndex,
            )!
            return { partitionIndex, committedOffset: offset, committedMetadata: metadata }
          }),
        })),
      })
      const errors = errorCodes(topics)
      const codeOf = ({ topic, partition }: TopicPartition): number => errors.get(`${topic} ${partition}`) ?? -1
      left = left.filter((offset) => codeOf(offset) !== KAFKA_ERROR.NONE)
      // What can be helped is tried again first; then the first partition that was refused for good is the answer.
      const refusal = left.find((offset) => isRetriableCode(codeOf(offset))) ?? left[0]
      if (refusal !== undefined) throw this.#refused(codeOf(refusal), 'Cannot commit an offset', refusal)
    })
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    if (partitions.length === 0) return []
    return this.#repeat(`read the offsets of group ${this.#groupId}`, async (connection) => {
      const version = connection.version('OffsetFetch', { lowest: 8, highest: 9 })
      const topics = byTopic(partitions).map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
      const { groups } = await connection.send('OffsetFetch', version, {
        groups: [{ groupId: this.#groupId, topics }],
        requireStable: true,
      })
      const group = groups[0]
      if (group === undefined || group.errorCode !== KAFKA_ERROR.NONE) {
        throw this.#refused(group?.errorCode ?? -1, 'Cannot read committed offsets')
      }
      return group.topics.flatMap(({ name: topic, partitions: found }) =>
        found.flatMap(({ partitionIndex: partition, errorCode, committedOffset, metadata }) => {
          const place = { topic, partition }
          if (errorCode !== KAFKA_ERROR.NONE) throw this.#refused(errorCode, 'Cannot read a committed offset', place)
          const offset = Number(committedOffset)
          return offset < 0 ? [] : [{ ...place, offset, metadata: metadata ?? '' }]
        }),
      )
    })
  }

  #repeat<T>(what: string, attempt: (connection: Connection) => Promise<T>): Promise<T> {
    return atCoordinator(this.#context, 'group', this.#groupId, what, attempt)
  }

  #refused(code: number, what: string, at?: TopicPartition): Error {
    const place = at === undefined ? {} : { topic: at.topic, partition: at.partition }
    return refused(code, `${what} of group ${this.#groupId}`, { group: this.#groupId, ...place })
  }
}

function errorCodes(topics: ResponseBody<'OffsetCommit'>['topics']): Map<string, number> {
  const codes = new Map<string, number>()
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions) codes.set(`${name} ${partitionIndex}`, errorCode)
  }
  return codes
}
