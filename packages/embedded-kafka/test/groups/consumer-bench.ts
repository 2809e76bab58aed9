import { toAssignment } from '../../src/groups/assignment.ts'
import { ConsumerGroup } from '../../src/groups/consumer-group.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from '../../src/groups/consumer-heartbeat.ts'
import { Surroundings } from './classic-bench.ts'

export type Beat = Partial<Omit<ConsumerHeartbeat, 'owned'>> & { readonly owned?: readonly number[] | null }

/** A consumer group that reads one topic, `t`, and its members' heartbeats. */
export class ConsumerBench {
  readonly around = new Surroundings()
  group: ConsumerGroup
  readonly topicId: string
  /** What each member heard last. */
  readonly heard = new Map<string, ConsumerHeartbeatResult>()

  constructor(partitions = 6) {
    this.topicId = this.around.topic('t', partitions)
    this.group = new ConsumerGroup('g', this.around)
  }

  join(memberId: string, beat: Beat = {}): ConsumerHeartbeatResult {
    return this.beat(memberId, { epoch: 0, rebalanceTimeoutMs: 30_000, topicNames: ['t'], owned: [], ...beat })
  }

  /** A heartbeat of the epoch that the member heard last. */
  beat(memberId: string, { owned = null, ...beat }: Beat = {}): ConsumerHeartbeatResult {
    const result = this.group.heartbeat({
      memberId,
      epoch: this.heard.get(memberId)?.epoch ?? 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: null,
      topicNames: null,
      topicRegex: null,
      serverAssignor: null,
      owned: owned === null ? null : toAssignment([{ topicId: this.topicId, partitions: [...owned] }]),
      clientId: 'c',
      clientHost: '/127.0.0.1',
      classic: null,
      ...beat,
    })
    this.heard.set(memberId, result)
    return result
  }

  /** The partitions in an answer; undefined when it says nothing of them. */
  partitions({ assignment }: ConsumerHeartbeatResult, topicId = this.topicId): number[] | undefined {
    return assignment === null ? undefined : [...(assignment.get(topicId)?.keys() ?? [])].toSorted((a, b) => a - b)
  }

  /** The same group after everything was read back. */
  restarted(): ConsumerGroup {
    const again = new ConsumerGroup('g', this.around)
    for (const record of this.around.written) {
      if (record.kind !== 'offset' && record.kind !== 'classicGroup') again.restore(record)
    }
    again.resume()
    return again
  }
}
