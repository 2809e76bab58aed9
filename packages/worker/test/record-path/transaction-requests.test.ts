import { expect, test } from '@jest/globals'
import { TransactionRequests } from '../../src/record-path/transaction-requests.ts'
import { sourceRecord } from '../support/source-run.ts'

const [one, two, three] = [1, 2, 3].map((n) => sourceRecord(n)) as [ReturnType<typeof sourceRecord>, never, never]

test('without requests a poll is one piece, and nothing ends', () => {
  const records = [one, two]
  const cuts = new TransactionRequests().cuts(records)
  expect(cuts).toEqual([{ records, end: null }])
  expect(cuts[0]!.records).toBe(records)
})

test('requests cut behind their records, whatever poll those come with, and once', () => {
  const requests = new TransactionRequests()
  requests.commit(two)
  requests.abort(three)
  expect(requests.cuts([one])).toEqual([{ records: [one], end: null }])
  expect(requests.cuts([one, two, three])).toEqual([
    { records: [one, two], end: 'commit' },
    { records: [three], end: 'abort' },
    { records: [], end: null },
  ])
  expect(requests.cuts([two, three])).toEqual([{ records: [two, three], end: null }])
})

test('a record is told by its identity: one that looks the same is another', () => {
  const requests = new TransactionRequests()
  requests.commit(one)
  expect(requests.cuts([sourceRecord(1)])).toEqual([{ records: [sourceRecord(1)], end: null }])
})

test('a request for a batch is for what comes with the next poll, also when that brings nothing', () => {
  const requests = new TransactionRequests()
  requests.abort()
  expect(requests.cuts([one])).toEqual([{ records: [one], end: 'abort' }])
  requests.commit()
  expect(requests.cuts([])).toEqual([{ records: [], end: 'commit' }])
  expect(requests.cuts([])).toEqual([{ records: [], end: null }])
})

test('both ends at one place are refused; at two places they are not', () => {
  const requests = new TransactionRequests()
  requests.commit(one)
  requests.abort()
  expect(requests.cuts([one, two]).map(({ end }) => end)).toEqual(['commit', 'abort'])
  requests.commit(one)
  requests.abort(one)
  expect(() => requests.cuts([one])).toThrow(expect.objectContaining({ code: 'TASK_FAILED' }))
  requests.commit()
  requests.abort()
  expect(() => requests.takeBatchEnd()).toThrow('both to commit and to abort')
})
