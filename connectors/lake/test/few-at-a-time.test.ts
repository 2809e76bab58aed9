import { expect, test } from '@jest/globals'
import { fewAtATime } from '../src/few-at-a-time.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('all is done, at most eight at a time', async () => {
  const done: number[] = []
  let [now, most] = [0, 0]
  await fewAtATime(
    Array.from({ length: 30 }, (_, i) => i),
    async (i) => {
      most = Math.max(most, ++now)
      await turn()
      now--
      done.push(i)
    },
  )
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i))
  expect(most).toBe(8)
})

test('a failure is told once what was under way has ended, and nothing more is begun', async () => {
  const ended: number[] = []
  const begun: number[] = []
  const work = fewAtATime(
    Array.from({ length: 30 }, (_, i) => i),
    async (i) => {
      begun.push(i)
      if (i === 2) throw new Error('no room')
      await turn()
      ended.push(i)
    },
  )
  await expect(work).rejects.toThrow('no room')
  expect(ended).toHaveLength(begun.length - 1)
  expect(begun.length).toBeLessThan(30)
})
