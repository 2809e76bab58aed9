import type { OwnRecord } from '../../src/broker.ts'
import { ApiError } from '../../src/api/handler.ts'
import { BrokerClock } from '../../src/clock.ts'
import { ClassicGroup } from '../../src/groups/classic-group.ts'
import type { JoinRequest, JoinResult, SyncResult } from '../../src/groups/classic-requests.ts'
import type { GroupContext, TopicFacts } from '../../src/groups/group.ts'
import { type GroupRecord, readGroupRecord } from '../../src/groups/records.ts'

const SETTINGS: Readonly<Record<string, number>> = {
  'group.initial.rebalance.delay.ms': 0,
  'group.max.size': 100,
  'group.consumer.max.size': 100,
  'group.consumer.assignment.interval.ms': 0,
}

/** A clock that stands still, topics, and a disk that remembers what was written or is full. */
export class Surroundings implements GroupContext {
  readonly clock = new BrokerClock()
  readonly written: GroupRecord[] = []
  settings: Record<string, number> = { ...SETTINGS }
  isDiskFull = false
  topicFacts: (TopicFacts & { partitions: { length: number } })[] = []
  readonly topics = {
    changes: 0,
    get: (name: string) => this.topicFacts.find((topic) => topic.name === name),
    byId: (id: string) => this.topicFacts.find((topic) => topic.id === id),
    all: () => this.topicFacts,
  }

  constructor() {
    this.clock.freeze()
  }

  topic(name: string, partitions: number): string {
    // As uuids end: only two bits of the last character are theirs.
    const id = `${`id-of-${name}`.padEnd(21, '-').slice(0, 21)}A`
    this.topicFacts = [
      ...this.topicFacts.filter((topic) => topic.name !== name),
      { name, id, partitions: { length: partitions } },
    ]
    this.topics.changes++
    return id
  }

  setting(name: string): number {
    return this.settings[name]!
  }

  groupSetting(_groupId: string, name: string): number {
    return name === 'consumer.session.timeout.ms' ? 45_000 : 5_000
  }

  left(): void {}

  assignors(): readonly string[] {
    return ['uniform', 'range']
  }

  write(
    _groupId: string,
    records: readonly OwnRecord[],
  ): { baseOffset: number; lastOffset: number; logAppendTime: number; isDuplicate: boolean } {
    if (this.isDiskFull) throw new ApiError('NOT_COORDINATOR', 'the disk is full')
    const baseOffset = this.written.length
    for (const { key, value } of records) this.written.push(readGroupRecord(key!, value)!)
    return { baseOffset, lastOffset: this.written.length - 1, logAppendTime: -1, isDuplicate: false }
  }
}

export type Joining = Partial<Omit<JoinRequest, 'protocols'>> & { protocols?: readonly string[]; metadata?: string }

/** A classic group, and what its members hear. */
export class ClassicBench {
  readonly around = new Surroundings()
  group = new ClassicGroup('g', this.around)

  /** Joins; `result` is undefined while it waits. */
  join(joining: Joining = {}): { result: JoinResult | undefined; readonly respond: (result: JoinResult) => void } {
    const { protocols = ['range'], metadata = '', ...rest } = joining
    const heard = {
      result: undefined as JoinResult | undefined,
      respond: (result: JoinResult): void => {
        heard.result = result
      },
    }
    this.group.join(
      {
        memberId: '',
        instanceId: null,
        clientId: 'c',
        clientHost: '/127.0.0.1',
        protocolType: 'connect',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 30_000,
        isIdRequired: false,
        canSkipAssignment: true,
        ...rest,
        protocols: protocols.map((name) => ({ name, metadata: Buffer.from(`${name}${metadata}`) })),
      },
      heard.respond,
    )
    return heard
  }

  sync(
    memberId: string,
    generation: number,
    assignments: Readonly<Record<string, string>> = {},
  ): { result: SyncResult | undefined } {
    const heard = { result: undefined as SyncResult | undefined }
    this.group.sync(
      {
        memberId,
        instanceId: null,
        generation,
        protocolType: null,
        protocolName: null,
        assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
      },
      (result) => (heard.result = result),
    )
    return heard
  }

  /** A stable group of so many members; their ids in the order of joining, the leader first. */
  stable(count: number, joining: Joining = {}): string[] {
    const first = this.join(joining).result!.memberId
    const others = Array.from({ length: count - 1 }, () => this.join(joining))
    const again = count === 1 ? undefined : this.join({ ...joining, memberId: first })
    if (again !== undefined && again.result === undefined) throw new Error('the rebalance did not end')
    const ids = [first, ...others.map(({ result }) => result!.memberId)]
    const assigned = Object.fromEntries(ids.map((id, i) => [id, `part ${i}`]))
    for (const id of ids.toReversed()) this.sync(id, this.group.generation.number, id === first ? assigned : {})
    return ids
  }

  heartbeat(memberId: string, generation = this.group.generation.number): string {
    return code(() => this.group.heartbeat(memberId, null, generation))
  }
}

/** The name of the error that it throws; NONE. */
export function code(step: () => unknown): string {
  try {
    step()
    return 'NONE'
  } catch (error) {
    if (error instanceof ApiError) return error.name
    throw error
  }
}
