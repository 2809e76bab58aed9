import { expect, test } from '@jest/globals'
import { assignEagerly } from '../../src/group/eager-assignor.ts'
import { tasksOf } from './work.ts'

test('connectors, then tasks, go round the members in the order of their ids, without starting again in between', () => {
  const configured = { connectors: ['b', 'a', 'c'], tasks: [...tasksOf('b', 2), ...tasksOf('a', 3)] }
  const shares = assignEagerly(configured, ['m2', 'm1'])
  expect(shares.get('m1')).toEqual({
    connectors: ['a', 'c'],
    tasks: [
      { connector: 'a', task: 1 },
      { connector: 'b', task: 0 },
    ],
  })
  expect(shares.get('m2')).toEqual({
    connectors: ['b'],
    tasks: [
      { connector: 'a', task: 0 },
      { connector: 'a', task: 2 },
      { connector: 'b', task: 1 },
    ],
  })
})

test('tasks go by number, not by text', () => {
  const shares = assignEagerly({ connectors: [], tasks: tasksOf('a', 11).toReversed() }, ['m1'])
  expect(shares.get('m1')?.tasks.map(({ task }) => task)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a member for whom nothing is left is there all the same', () => {
  expect(assignEagerly({ connectors: ['a'], tasks: [] }, ['m1', 'm2']).get('m2')).toEqual({ connectors: [], tasks: [] })
})
