import type { TopicPartition } from '@sluice/sdk'
import { PLACE, askOffsets } from '../list-offsets.ts'
import type { AdminRequests } from './admin-requests.ts'
import type { OffsetResetTarget, Outcome } from './admin-port.ts'

/** Which offset a target means in each partition now. A time behind every record means the end. */
export async function resetTargets<P extends TopicPartition>(
  requests: AdminRequests,
  partitions: readonly P[],
  to: OffsetResetTarget,
): Promise<readonly Outcome<P, number>[]> {
  if (to === 'earliest' || to === 'latest') return offsetsAt(requests, partitions, PLACE[to])
  if ('timestamp' in to) {
    const found = await offsetsAt(requests, partitions, to.timestamp)
    return withEnds(
      requests,
      found,
      (one) => one === -1,
      (_, end) => end,
    )
  }
  const starts = await offsetsAt(requests, partitions, PLACE.earliest)
  return withEnds(
    requests,
    starts,
    () => true,
    (start, end) => Math.min(Math.max(to.offset, start), end),
  )
}

async function withEnds<P extends TopicPartition>(
  requests: AdminRequests,
  outcomes: readonly Outcome<P, number>[],
  wantsEnd: (offset: number) => boolean,
  combine: (offset: number, end: number) => number,
): Promise<readonly Outcome<P, number>[]> {
  const open = outcomes.flatMap(({ item, value, error }) => (error === null && wantsEnd(value) ? [item] : []))
  const ends = new Map((await offsetsAt(requests, open, PLACE.latest)).map((end) => [end.item, end]))
  return outcomes.map((outcome) => {
    const end = ends.get(outcome.item)
    if (outcome.error !== null || end === undefined || end.error !== null) return end ?? outcome
    return { item: outcome.item, value: combine(outcome.value, end.value), error: null }
  })
}

async function offsetsAt<P extends TopicPartition>(
  requests: AdminRequests,
  partitions: readonly P[],
  at: number,
): Promise<readonly Outcome<P, number>[]> {
  const ask = askOffsets('read_uncommitted', requests.context.requestTimeoutMs)
  const outcomes = await requests.ofLeaders('list offsets', partitions, (connection, group) =>
    ask(
      connection,
      group.map(({ topic, partition }) => ({ topic, partition, at })),
    ),
  )
  return outcomes.map((outcome) =>
    outcome.error === null ? { item: outcome.item, value: outcome.value.offset, error: null } : outcome,
  )
}
