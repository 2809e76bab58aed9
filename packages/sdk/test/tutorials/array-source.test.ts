import { expect, test } from '@jest/globals'
import { sourceContract, SourceRun } from '@sluice/sdk/testing'
import arraySource from './array-source.ts'

sourceContract(test, {
  connector: arraySource,
  prepare: async () => ({ settings: { topic: 't', items: 'a,b,c' }, values: ['a', 'b', 'c'] }),
})

test('a batch holds no more than batch.size items', async () => {
  const run = new SourceRun(arraySource, { topic: 't', items: 'a,b,c', 'batch.size': '2' })
  await run.start()
  expect((await run.poll()).map(({ value }) => value)).toEqual(['a', 'b'])
  expect((await run.poll()).map(({ value }) => value)).toEqual(['c'])
  await run.stop()
})
