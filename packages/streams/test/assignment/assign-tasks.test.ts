import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { assignTasks, type Task, type TaskMember, type TaskShare } from '../../src/assignment/assign-tasks.ts'
import { nameOfTask } from '../../src/assignment/task-id.ts'

const task = (subtopology: number, partition: number, isStateful = true): Task => ({
  subtopology,
  partition,
  isStateful,
})
const member = (memberId: string, running: readonly string[] = [], held: Record<string, number> = {}): TaskMember => ({
  memberId,
  processId: memberId,
  running: new Set(running),
  held: new Map(Object.entries(held)),
})
const names = (share: TaskShare | undefined) => ({
  active: share!.active.map(nameOfTask),
  standby: share!.standby.map(nameOfTask),
})

const tasksOf = fc
  .array(fc.record({ partitions: fc.integer({ min: 1, max: 12 }), isStateful: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((subtopologies) =>
    subtopologies.flatMap(({ partitions, isStateful }, s) =>
      Array.from({ length: partitions }, (_, p) => task(s, p, isStateful)),
    ),
  )

/** The same members as they would come back from an assignment. */
function settled(members: readonly TaskMember[], shares: ReadonlyMap<string, TaskShare>): TaskMember[] {
  return members.map((one) => ({
    ...one,
    running: new Set(shares.get(one.memberId)!.active.map(nameOfTask)),
  }))
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts)
}

describe('tasks', () => {
  test('each is run by exactly one member; members differ by at most one task, and by at most one with state', () => {
    fc.assert(
      fc.property(tasksOf, fc.integer({ min: 1, max: 7 }), fc.integer(), (tasks, count, seed) => {
        // Any history: who ran what before is drawn from the seed.
        const members = Array.from({ length: count }, (_, m) =>
          member(`m${m}`, tasks.filter((_, i) => Math.abs(seed + i * 7919) % count === m).map(nameOfTask)),
        )
        const shares = assignTasks(members, tasks, 0)
        const all = [...shares.values()].flatMap(({ active }) => active.map(nameOfTask))
        expect(all.toSorted()).toEqual(tasks.map(nameOfTask).toSorted())
        const stateful = new Set(tasks.filter(({ isStateful }) => isStateful).map(nameOfTask))
        const each = [...shares.values()].map(({ active }) => active.map(nameOfTask))
        expect(spread(each.map((active) => active.length))).toBeLessThanOrEqual(1)
        expect(spread(each.map((active) => active.filter((name) => stateful.has(name)).length))).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('stay where they are when nothing has changed', () => {
    fc.assert(
      fc.property(tasksOf, fc.integer({ min: 1, max: 7 }), (tasks, count) => {
        const members = Array.from({ length: count }, (_, m) => member(`m${m}`))
        const first = assignTasks(members, tasks, 1)
        const again = assignTasks(settled(members, first), tasks, 1)
        for (const [memberId, share] of first)
          expect(names(again.get(memberId)).active.toSorted()).toEqual(names(share).active.toSorted())
      }),
    )
  })

  test('of members that stay, only so many move to one that comes as it needs', () => {
    const tasks = Array.from({ length: 12 }, (_, p) => task(0, p))
    const three = [member('a'), member('b'), member('c')]
    const before = assignTasks(three, tasks, 0)
    const after = assignTasks([...settled(three, before), member('d')], tasks, 0)
    expect(names(after.get('d')).active).toHaveLength(3)
    for (const { memberId } of three) {
      const kept = new Set(names(before.get(memberId)).active)
      for (const name of names(after.get(memberId)).active) expect(kept).toContain(name)
    }
  })

  test('of one that is gone go where most of their state is', () => {
    const members = [member('a', ['0_0', '0_1'], { '0_3': 5 }), member('b', ['0_2'], { '0_3': 90 })]
    expect(
      names(
        assignTasks(
          members,
          [0, 1, 2, 3].map((p) => task(0, p)),
          0,
        ).get('b'),
      ).active,
    ).toEqual(['0_2', '0_3'])
  })

  test('need nobody when there is nobody', () => {
    expect(assignTasks([], [task(0, 0)], 1)).toEqual(new Map())
  })
})

describe('standbys', () => {
  test('are in other processes than the active task, each in one of its own, as many as asked for or possible', () => {
    fc.assert(
      fc.property(tasksOf, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 3 }), (tasks, count, standbys) => {
        const processes = Math.ceil(count / 2)
        const members = Array.from({ length: count }, (_, m) => ({
          ...member(`m${m}`),
          processId: `p${m % processes}`,
        }))
        const shares = assignTasks(members, tasks, standbys)
        for (const { isStateful, ...id } of tasks) {
          const name = nameOfTask(id)
          const processesOf = (kind: 'active' | 'standby') =>
            members.filter(({ memberId }) => names(shares.get(memberId))[kind].includes(name)).map((m) => m.processId)
          const used = [...processesOf('active'), ...processesOf('standby')]
          expect(new Set(used).size).toBe(used.length)
          expect(processesOf('standby')).toHaveLength(isStateful ? Math.min(standbys, processes - 1) : 0)
        }
      }),
    )
  })

  test('stay where the state is already', () => {
    const members = [member('a', ['0_0']), member('b'), member('c', [], { '0_0': 7 })]
    expect(names(assignTasks(members, [task(0, 0)], 1).get('c')).standby).toEqual(['0_0'])
  })
})
