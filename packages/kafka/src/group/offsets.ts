import type { ResponseBody } from '@sluice/kafka-protocol'
import { RetriableError, SluiceError, type TopicPartition } from '@sluice/sdk'
import { byTopic, groupByTopic } from '../by-topic.ts'
import type { ClusterContext } from '../cluster.ts'
import { atCoordinator } from '../coordinator.ts'
import { KAFKA_ERROR, errorName, isRetriableCode, refused } from '../kafka-errors.ts'
import type { CommittedOffset, GroupIdentity, GroupOffsets } from '../port.ts'
import type { Connection } from '../wire/connection.ts'

/** In whose name offsets are committed and read. */
export interface Committer {
  /**
   * Called when a commit is asked for; what it returns is called before every attempt to send it, so that nothing that was true in
   * one place is committed in the name of a later one. Both throw what the caller is to be told.
   */
  hold(): () => GroupIdentity
  /** What the coordinator's refusal means: try again (`retry`), an answer for the caller, or undefined: as for everybody. */
  refused(errorCode: number, identity: GroupIdentity): SluiceError | 'retry' | undefined
  /** Under the `consumer` protocol also who reads is checked. */
  reader(): { readonly memberId: string; readonly memberEpoch: number } | undefined
}

/**
 * The committed offsets of one group, read and written at its coordinator. Commits go out one after another, so that an older
 * one that has to be sent again cannot overtake a newer one.
 */
export class CoordinatedOffsets implements GroupOffsets {
  readonly #context: ClusterContext
  readonly #groupId: string
  readonly #committer: Committer
  #last: Promise<unknown> = Promise.resolve()

  /** Without a committer, "simple" commits: generation -1 and no member, accepted as long as the group has no members. */
  constructor(context: ClusterContext, groupId: string, committer: Committer = outsider(groupId)) {
    this.#context = context
    this.#groupId = groupId
    this.#committer = committer
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const held = this.#committer.hold()
    return this.#inTurn(() => this.#commit(offsets, held))
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    if (partitions.length === 0) return []
    const what = `read the offsets of group ${this.#groupId}`
    return atCoordinator(this.#context, 'group', this.#groupId, what, (connection) =>
      this.#fetch(connection, partitions),
    )
  }

  renew(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#committer.hold()
      const found = await this.committed(partitions)
      if (found.length > 0) await this.#commit(found, held)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #commit(offsets: readonly CommittedOffset[], held: () => GroupIdentity): Promise<void> {
    let left = offsets
    const what = `commit offsets of group ${this.#groupId}`
    const refusal = await atCoordinator(this.#context, 'group', this.#groupId, what, async (connection) => {
      let identity: GroupIdentity
      try {
        identity = held()
      } catch (error) {
        return error
      }
      const codes = await this.#send(connection, identity, left)
      left = left.filter((offset) => codeOf(codes, offset) !== KAFKA_ERROR.NONE)
      for (const offset of left) {
        const code = codeOf(codes, offset)
        const verdict = this.#committer.refused(code, identity)
        if (verdict instanceof SluiceError) return verdict
        if (verdict === 'retry') throw this.#notYet(code)
      }
      // What can be helped is tried again first; then the first partition that was refused for good is the answer.
      const first = left.find((offset) => isRetriableCode(codeOf(codes, offset))) ?? left[0]
      if (first !== undefined) throw this.#refused(codeOf(codes, first), 'Cannot commit an offset', first)
      return undefined
    })
    if (refusal !== undefined) throw refusal
  }

  async #send(
    connection: Connection,
    { generationId, memberId, instanceId }: GroupIdentity,
    offsets: readonly CommittedOffset[],
  ): Promise<ErrorCodes> {
    const answer = await connection.send(
      'OffsetCommit',
      connection.version('OffsetCommit', { lowest: 7, highest: 9 }),
      {
        groupId: this.#groupId,
        generationIdOrMemberEpoch: generationId,
        memberId,
        groupInstanceId: instanceId,
        topics: groupByTopic(offsets).map(([name, group]) => ({
          name,
          partitions: group.map(({ partition, offset, metadata, leaderEpoch = -1 }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          })),
        })),
      },
    )
    return errorCodes(answer.topics)
  }

  async #fetch(connection: Connection, partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const version = connection.version('OffsetFetch', { lowest: 8, highest: 9 })
    const topics = byTopic(partitions).map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
    const { groups } = await connection.send('OffsetFetch', version, {
      groups: [{ groupId: this.#groupId, topics, ...this.#committer.reader() }],
      requireStable: true,
    })
    const group = groups[0]
    if (group === undefined || group.errorCode !== KAFKA_ERROR.NONE) {
      const code = group?.errorCode ?? KAFKA_ERROR.UNKNOWN_SERVER_ERROR
      if (code === KAFKA_ERROR.STALE_MEMBER_EPOCH) throw this.#notYet(code)
      throw this.#refused(code, 'Cannot read committed offsets')
    }
    return group.topics.flatMap(({ name: topic, partitions: found }) =>
      found.flatMap(({ partitionIndex: partition, errorCode, committedOffset, committedLeaderEpoch, metadata }) => {
        const place = { topic, partition }
        if (errorCode !== KAFKA_ERROR.NONE) throw this.#refused(errorCode, 'Cannot read a committed offset', place)
        const offset = Number(committedOffset)
        if (offset < 0) return []
        const epoch = committedLeaderEpoch < 0 ? {} : { leaderEpoch: committedLeaderEpoch }
        return [{ ...place, offset, metadata: metadata ?? '', ...epoch }]
      }),
    )
  }

  /** The member's epoch has moved on; the next attempt uses the new one. */
  #notYet(code: number): SluiceError {
    const error = errorName(code)
    return new RetriableError('KAFKA_REFUSED', `The member of group ${this.#groupId} is about to change: ${error}`, {
      place: { group: this.#groupId, error },
    })
  }

  #refused(code: number, what: string, at?: TopicPartition): Error {
    const place = at === undefined ? {} : { topic: at.topic, partition: at.partition }
    return refused(code, `${what} of group ${this.#groupId}`, { group: this.#groupId, ...place })
  }
}

/** Nobody in particular. */
function outsider(groupId: string): Committer {
  const identity: GroupIdentity = { groupId, generationId: -1, memberId: '', instanceId: null }
  return { hold: () => () => identity, refused: () => undefined, reader: () => undefined }
}

type ErrorCodes = ReadonlyMap<string, ReadonlyMap<number, number>>

function errorCodes(topics: ResponseBody<'OffsetCommit'>['topics']): ErrorCodes {
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      new Map(partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode])),
    ]),
  )
}

function codeOf(codes: ErrorCodes, { topic, partition }: TopicPartition): number {
  return codes.get(topic)?.get(partition) ?? KAFKA_ERROR.UNKNOWN_SERVER_ERROR
}
