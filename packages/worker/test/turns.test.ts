import { expect, test } from '@jest/globals'
import { Turns } from '../src/turns.ts'

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('no more than so many are at work, the others follow in their order, whatever those before come to', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const all = ends.map(({ promise }, at) =>
    turns
      .run(() => {
        begun.push(at)
        return promise
      })
      .catch(() => -1),
  )
  await settle()
  expect(begun).toEqual([0, 1])
  ends[1]!.reject(new Error('no'))
  await settle()
  expect(begun).toEqual([0, 1, 2])
  for (const [at, { resolve }] of ends.entries()) resolve(at)
  expect(await Promise.all(all)).toEqual([0, -1, 2, 3, 4])
  expect(await Promise.all([turns.run(async () => 7), turns.run(async () => 8)])).toEqual([7, 8])
})
