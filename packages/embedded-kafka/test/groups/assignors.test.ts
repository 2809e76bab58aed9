import { describe, expect, it } from '@jest/globals'
import { ASSIGNORS, type AssignableMember, type Assignor } from '../../src/groups/assignors.ts'
import type { Assignment } from '../../src/groups/assignment.ts'

const { uniform, range } = ASSIGNORS

function member(id: string, topicIds: readonly string[], target: Assignment = new Map()): AssignableMember {
  return { id, instanceId: null, topicIds: new Set(topicIds), target }
}

function shown(assigned: ReturnType<Assignor>): Record<string, string> {
  return Object.fromEntries(
    Array.from(assigned, ([id, topics]) => [
      id,
      Array.from(topics, ([topic, partitions]) => [...partitions].map((partition) => `${topic}${partition}`))
        .flat()
        .toSorted()
        .join(' '),
    ]),
  )
}

/** How many partitions members have, fewest first. */
function sizes(assigned: ReturnType<Assignor>): number[] {
  const counts = Array.from(assigned.values(), (topics) =>
    [...topics.values()].reduce((sum, { size }) => sum + size, 0),
  )
  return counts.toSorted((a, b) => a - b)
}

describe('the uniform assignor', () => {
  it('gives every partition to one member, and nobody two more than another', () => {
    const members = ['a', 'b', 'c'].map((id) => member(id, ['t', 'u']))
    const assigned = uniform(members, (topic) => (topic === 't' ? 7 : 4))
    expect(sizes(assigned)).toEqual([3, 4, 4])
    expect(new Set(Object.values(shown(assigned)).join(' ').split(' ')).size).toBe(11)
  })

  it('moves as little as possible when a member comes', () => {
    const target = new Map([['t', new Set([0, 1, 2, 3, 4, 5])]])
    expect(shown(uniform([member('a', ['t'], target), member('b', ['t'])], () => 6))).toEqual({
      a: 't0 t1 t2',
      b: 't3 t4 t5',
    })
  })

  it('leaves what members have when one goes', () => {
    const targets = [new Set([0, 3]), new Set([1, 4])].map((partitions) => new Map([['t', partitions]]))
    const assigned = uniform([member('a', ['t'], targets[0]), member('b', ['t'], targets[1])], () => 6)
    expect(shown(assigned)).toEqual({ a: 't0 t2 t3', b: 't1 t4 t5' })
  })

  it('gives nobody a topic that it does not subscribe to', () => {
    const assigned = uniform([member('a', ['t', 'u']), member('b', ['u'])], () => 4)
    expect(shown(assigned)).toEqual({ a: 't0 t1 t2 t3', b: 'u0 u1 u2 u3' })
  })

  it('takes a topic away from who does not subscribe to it any more', () => {
    const target = new Map([['t', new Set([0, 1])]])
    expect(shown(uniform([member('a', ['u'], target), member('b', ['t'])], () => 2))).toEqual({
      a: 'u0 u1',
      b: 't0 t1',
    })
  })

  it('gives more members than partitions nothing', () => {
    expect(
      sizes(
        uniform(
          ['a', 'b', 'c'].map((id) => member(id, ['t'])),
          () => 2,
        ),
      ),
    ).toEqual([0, 1, 1])
  })

  it('is done with 2,000 partitions and 50 members', () => {
    const members = Array.from({ length: 50 }, (_, i) => member(`m${i}`, ['t']))
    expect(new Set(sizes(uniform(members, () => 2_000)))).toEqual(new Set([40]))
  })
})

describe('the range assignor', () => {
  it('gives consecutive partitions of each topic, the first members one more', () => {
    const assigned = range([member('b', ['t', 'u']), member('a', ['t', 'u'])], () => 3)
    expect(shown(assigned)).toEqual({ a: 't0 t1 u0 u1', b: 't2 u2' })
  })

  it('orders static members by their instance ids', () => {
    const members = [
      { ...member('x', ['t']), instanceId: '2' },
      { ...member('y', ['t']), instanceId: '1' },
    ]
    expect(shown(range(members, () => 3))).toEqual({ y: 't0 t1', x: 't2' })
  })
})
