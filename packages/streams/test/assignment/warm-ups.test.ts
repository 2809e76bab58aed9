import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { assignTasks, type Task, type TaskMember } from '../../src/assignment/assign-tasks.ts'
import { nameOfTask } from '../../src/assignment/task-id.ts'
import { withWarmUps, type WarmShares } from '../../src/assignment/warm-ups.ts'

const END = 100_000
const LAG = 10_000

function member(memberId: string, running: readonly string[], held: Readonly<Record<string, number>> = {}): TaskMember {
  return { memberId, processId: memberId, running: new Set(running), held: new Map(Object.entries(held)) }
}

function tasksOf(count: number, isStateful = true): Task[] {
  return Array.from({ length: count }, (_, partition) => ({ subtopology: 0, partition, isStateful }))
}

function assigned(members: readonly TaskMember[], tasks: readonly Task[], standbys = 0, warmUpsMax = 2): WarmShares {
  const ends = new Map(tasks.map((task) => [nameOfTask(task), END]))
  const shares = assignTasks(members, tasks, standbys)
  return withWarmUps(shares, members, tasks, { ends, acceptableLag: LAG, warmUpsMax })
}

function texts({ shares }: WarmShares): Record<string, string> {
  return Object.fromEntries(
    Array.from(shares, ([id, { active, standby }]) => {
      const names = (list: typeof active): string => list.map(nameOfTask).toSorted().join(' ')
      return [id, `${names(active)} | ${names(standby)}`]
    }),
  )
}

describe('a task whose state is not where it is to run', () => {
  test('stays where it runs, and a copy of it is made, of no more than so many at a time', () => {
    const result = assigned([member('a', ['0_0', '0_1', '0_2', '0_3', '0_4', '0_5']), member('b', [])], tasksOf(6))
    expect(texts(result)['a']).toBe('0_0 0_1 0_2 0_3 0_4 0_5 | ')
    expect(result.shares.get('b')!.active).toEqual([])
    expect(result.shares.get('b')!.standby).toHaveLength(2)
    expect([...result.warming]).toEqual(['b'])
    expect(result.isUnderWay).toBe(true)
  })

  test('moves when its copy lacks no more than is acceptable', () => {
    const tasks = tasksOf(2)
    const cold = assigned([member('a', ['0_0', '0_1']), member('b', [], { '0_1': END - LAG - 1 })], tasks)
    expect(texts(cold)).toEqual({ a: '0_0 0_1 | ', b: ' | 0_1' })
    const warm = assigned([member('a', ['0_0', '0_1']), member('b', [], { '0_1': END - LAG })], tasks)
    expect(texts(warm)).toEqual({ a: '0_0 | ', b: '0_1 | ' })
    expect(warm.isUnderWay).toBe(false)
  })

  test('that nobody has is restored where it is to run', () => {
    const result = assigned([member('a', []), member('b', [])], tasksOf(2))
    expect(result.shares.get('a')!.active).toHaveLength(1)
    expect(result.shares.get('b')!.active).toHaveLength(1)
    expect(result.isUnderWay).toBe(false)
  })

  test('goes to a standby that has it when its owner is gone, even where that is uneven', () => {
    const copies = { '0_0': END, '0_1': END }
    const result = assigned([member('b', [], copies), member('c', [])], tasksOf(2))
    expect(texts(result)['b']).toMatch(/^0_0 0_1 \| /)
    expect(result.shares.get('c')!.standby).toHaveLength(1)
  })

  test('and has none goes at once', () => {
    const result = assigned([member('a', ['0_0', '0_1']), member('b', [])], tasksOf(2, false))
    expect(result.shares.get('b')!.active).toHaveLength(1)
  })
})

test('whatever the group, each task runs once, no process keeps a copy of what it runs, and it comes to an end', () => {
  const drawn = fc.record({ members: fc.integer({ min: 1, max: 5 }), tasks: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0 }), (size, standbys, seed) => {
      const tasks = tasksOf(size.tasks)
      const names = tasks.map(nameOfTask)
      let members = Array.from({ length: size.members }, (_, m) =>
        member(
          `m${m}`,
          names.filter((_name, i) => (seed + i * 7) % (size.members + 1) === m),
        ),
      )
      for (let round = 0; ; round++) {
        const result = assigned(members, tasks, standbys)
        const all = [...result.shares.values()].flatMap(({ active }) => active.map(nameOfTask))
        expect(all.toSorted()).toEqual(names.toSorted())
        for (const { active, standby } of result.shares.values())
          for (const task of standby) expect(active.map(nameOfTask)).not.toContain(nameOfTask(task))
        if (!result.isUnderWay) return
        expect(round).toBeLessThan(2 * size.tasks + 2)
        // All copies are complete the next time.
        members = members.map(({ memberId, held }) => {
          const { active, standby } = result.shares.get(memberId)!
          const copies = Object.fromEntries(standby.map((task) => [nameOfTask(task), END]))
          return member(memberId, active.map(nameOfTask), { ...Object.fromEntries(held), ...copies })
        })
      }
    }),
  )
})
