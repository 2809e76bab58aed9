import { expect, test } from '@jest/globals'
import type { TopicPartition } from '@sluice/sdk'
import type { StreamTask } from '../../../src/record-path/stream-task.ts'
import { Assigned } from '../../../src/runtime/thread/assigned.ts'

const place = (name: string): TopicPartition => ({ topic: name[0]!, partition: Number(name[1]) })
const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}${partition}`
const places = (...names: string[]): TopicPartition[] => names.map(place)

/** A task reads all topics at one partition; those of `running` run, those of `coming` are on their way. */
function assigned(running: readonly string[], coming: readonly string[]) {
  return new Assigned({
    tasks: {
      of: (one) => (running.includes(nameOf(one)) ? ({} as StreamTask) : undefined),
      ofSameTasks: (others, those) =>
        those.filter((one) => others.some(({ partition }) => partition === one.partition)),
    },
    preparations: { has: (one) => coming.includes(nameOf(one)) },
  })
}

test('a task that is given one more partition ends first, and all that it has then waits for a task', () => {
  const coming: string[] = []
  const running: string[] = []
  const those = assigned(running, coming)
  expect(those.add(places('a0', 'a1'))).toEqual([])
  expect(those.idle).toEqual(places('a0', 'a1'))
  running.push('a0')
  coming.push('a1')
  expect(those.idle).toEqual([])
  expect(those.add(places('b0', 'b1', 'b2'))).toEqual(places('a0', 'a1'))
  running.length = coming.length = 0
  expect(those.idle).toEqual(places('a0', 'a1', 'b0', 'b1', 'b2'))
})

test('of a task that has lost one of its partitions, and has ended with that, the others wait for a task', () => {
  const running = ['a0', 'b0']
  const those = assigned(running, [])
  those.add(places('a0', 'b0'))
  those.remove(places('b0'))
  running.length = 0
  expect(those.idle).toEqual(places('a0'))
})
