import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { ProduceCall } from '../../src/produce/produce-call.ts'

const RECORDS = [{ topic: 't', partition: 0, key: null, value: Buffer.from('v'), timestamp: 1, headers: null }]

test('a call lets its records go as soon as they are queued, however long the answer takes', () => {
  const call = new ProduceCall(RECORDS)
  call.opened()
  call.at = 1
  call.queued()
  expect(call.records).toEqual([])
})

test('a call that is given up has no records left to queue', async () => {
  const call = new ProduceCall(RECORDS)
  call.abandon(new SluiceError('INTERRUPTED', 'over'))
  await expect(call.promise).rejects.toThrow('over')
  expect(call.at).toBe(call.records.length)
})
