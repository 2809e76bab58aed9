import { describe, expect, test } from '@jest/globals'
import type { Assignments, PartitionAssignor, Subscription } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { type AssignmentInfo, decodeAssignmentInfo } from '../../src/assignment/assignment-info.ts'
import { streamsAssignor } from '../../src/assignment/streams-assignor.ts'
import { StreamsBuilder, type Topology } from '../../src/index.ts'

function topologyOf(...topics: readonly string[]): Topology {
  const builder = new StreamsBuilder()
  for (const topic of topics) builder.stream(topic).to('out')
  return builder.build()
}

/** A group whose members join again and again, as they do after what was revoked. */
class Group {
  readonly #topology: Topology
  readonly #counts: ReadonlyMap<string, number>
  readonly #assignors = new Map<string, PartitionAssignor>()
  readonly owned = new Map<string, readonly TopicPartition[]>()
  readonly told: AssignmentInfo[] = []
  #generation = 0

  constructor(topology: Topology, counts: Readonly<Record<string, number>>) {
    this.#topology = topology
    this.#counts = new Map(Object.entries(counts))
  }

  add(memberId: string, userEndPoint: string | null = null): void {
    this.#assignors.set(
      memberId,
      streamsAssignor({
        topology: this.#topology,
        processId: `00000000-0000-0000-0000-${memberId.charCodeAt(0).toString(16).padStart(12, '0')}`,
        userEndPoint,
        standbys: 0,
        held: () => [],
        onAssignment: (info) => void this.told.push(info),
      }),
    )
    this.owned.set(memberId, [])
  }

  remove(memberId: string): void {
    this.#assignors.delete(memberId)
    this.owned.delete(memberId)
  }

  /** Returns what each member has got, beside what it had. */
  async rebalance(): Promise<Assignments> {
    const topics = [...this.#counts.keys()]
    const members = Array.from(this.#assignors, ([memberId, assignor]): Subscription => {
      const own = { topics, ownedPartitions: this.owned.get(memberId)!, generationId: this.#generation }
      return { ...own, memberId, instanceId: null, rackId: null, userData: assignor.userData!(own) }
    })
    this.#generation++
    const assignments = await [...this.#assignors.values()][0]!.assign(members, this.#counts)
    for (const [memberId, { partitions, userData = null }] of assignments) {
      this.owned.set(memberId, partitions)
      this.#assignors.get(memberId)!.onAssignment!(partitions, userData, this.#generation)
    }
    return assignments
  }

  all(): string[] {
    return [...this.owned.values()].flat().map(({ topic, partition }) => `${topic}-${partition}`)
  }
}

describe('the assignor of a Streams group', () => {
  test('gives a task the same partition of all topics of its sub-topology', async () => {
    const builder = new StreamsBuilder()
    builder.stream(['left', 'right']).to('out')
    const group = new Group(builder.build(), { left: 4, right: 2 })
    group.add('a')
    group.add('b')
    await group.rebalance()
    expect(group.all().toSorted()).toEqual(['left-0', 'left-1', 'left-2', 'left-3', 'right-0', 'right-1'])
    for (const partitions of group.owned.values())
      for (const { partition } of partitions.filter(({ topic }) => topic === 'right'))
        expect(partitions).toContainEqual({ topic: 'left', partition })
  })

  test('a task that moves is nobody’s until its owner has given it up', async () => {
    const group = new Group(topologyOf('in'), { in: 4 })
    group.add('a')
    await group.rebalance()
    expect(group.owned.get('a')).toHaveLength(4)
    group.add('b')
    await group.rebalance()
    expect(group.owned.get('a')).toHaveLength(2)
    expect(group.owned.get('b')).toEqual([])
    await group.rebalance()
    expect(group.owned.get('b')).toHaveLength(2)
    expect(group.all().toSorted()).toEqual(['in-0', 'in-1', 'in-2', 'in-3'])
  })

  test('what a member ran that is gone goes to the others at once', async () => {
    const group = new Group(topologyOf('in'), { in: 4 })
    group.add('a')
    group.add('b')
    await group.rebalance()
    group.remove('a')
    await group.rebalance()
    expect(group.owned.get('b')).toHaveLength(4)
  })

  test('names each partition’s task in the order of the partitions, and who can be asked', async () => {
    const group = new Group(topologyOf('x', 'b'), { x: 2, b: 1 })
    group.add('a', 'here:8080')
    const assignments = await group.rebalance()
    const { partitions, userData } = assignments.get('a')!
    expect(partitions.map(({ topic, partition }) => `${topic}-${partition}`)).toEqual(['b-0', 'x-0', 'x-1'])
    const info = decodeAssignmentInfo(userData!)
    expect(info.activeTasks).toEqual([
      { subtopology: 1, partition: 0 },
      { subtopology: 0, partition: 0 },
      { subtopology: 0, partition: 1 },
    ])
    expect([...info.partitionsByHost.keys()]).toEqual(['here:8080'])
    expect(group.told).toEqual([info])
  })

  test('a source topic that does not exist is told to all, and nothing is assigned', async () => {
    const group = new Group(topologyOf('in', 'gone'), { in: 4 })
    group.add('a')
    const { partitions, userData } = (await group.rebalance()).get('a')!
    expect(partitions).toEqual([])
    expect(decodeAssignmentInfo(userData!).errorCode).toBe(1)
  })

  test('of two who say they run a task, the one who heard of it last does', async () => {
    const assignor = streamsAssignor({
      topology: topologyOf('in'),
      processId: '00000000-0000-0000-0000-000000000001',
      userEndPoint: null,
      standbys: 0,
      held: () => [],
      onAssignment: () => {},
    })
    const ownedPartitions = [{ topic: 'in', partition: 0 }]
    const member = (memberId: string, generationId: number): Subscription => {
      const own = { topics: ['in'], ownedPartitions, generationId }
      return { ...own, memberId, instanceId: null, rackId: null, userData: assignor.userData!(own) }
    }
    const assignments = await assignor.assign([member('a', 3), member('b', 7)], new Map([['in', 1]]))
    expect(assignments.get('b')!.partitions).toEqual(ownedPartitions)
    expect(assignments.get('a')!.partitions).toEqual([])
  })
})
