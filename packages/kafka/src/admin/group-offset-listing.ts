import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { Connection } from '../wire/connection.ts'
import type { Answer, Answers } from './admin-requests.ts'
import type { GroupOffset } from './admin-port.ts'

/** Every committed offset of groups that one broker coordinates. A group with an offset that is refused is refused. */
export async function groupOffsetsOf(
  connection: Connection,
  groupIds: readonly string[],
): Promise<Answers<string, readonly GroupOffset[]>> {
  const { groups } = await connection.send(
    'OffsetFetch',
    connection.version('OffsetFetch', { lowest: 8, highest: 9 }),
    {
      groups: groupIds.map((groupId) => ({ groupId, topics: null })),
      requireStable: true,
    },
  )
  const answers = new Map<string, Answer<readonly GroupOffset[]>>()
  for (const { groupId, errorCode, topics } of groups) {
    const offsets: GroupOffset[] = []
    const place = { group: groupId }
    let error = errorCode === KAFKA_ERROR.NONE ? null : refused(errorCode, `Cannot read offsets of ${groupId}`, place)
    for (const { name: topic, partitions } of topics) {
      for (const found of partitions) {
        const { partitionIndex: partition, errorCode: code, committedOffset, committedLeaderEpoch, metadata } = found
        if (code !== KAFKA_ERROR.NONE) {
          error ??= refused(code, `Cannot read offsets of ${groupId}`, { ...place, topic, partition })
          continue
        }
        const offset = Number(committedOffset)
        if (offset < 0) continue
        offsets.push({ topic, partition, offset, leaderEpoch: committedLeaderEpoch, metadata: metadata ?? '' })
      }
    }
    answers.set(groupId, error === null ? { value: offsets } : { error })
  }
  return answers
}
