import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { SortedRows } from '../../../src/state/lmdb/sorted-rows.ts'

const MARK_AND_VALUE_BYTES = 6

let directory = ''
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-rows-'))
})
afterEach(() => {
  fs.rmSync(directory, { recursive: true })
})

test.each([
  ['in memory', 1_000_000],
  ['in a few runs', 20_000],
  ['in many runs', 300],
  ['in runs of a few rows', 60],
])('rows come in the order of their keys, each key with its latest row: %s', (_, bytesMax) => {
  const random = new SeededRandom(7)
  const rows = new SortedRows('store', directory, false, bytesMax, 100)
  const expected = new Map<string, string | null>()
  for (let i = 0; i < 3_000; i++) {
    const key = Buffer.from(Array.from({ length: random.below(5) }, () => [0, 1, 0x7f, 0x80, 0xff][random.below(5)]!))
    const value = random.below(5) === 0 ? null : `value ${i}`
    rows.add(key, value === null ? null : Buffer.from(value), 0)
    expected.set(key.toString('latin1'), value)
  }
  const found = Array.from(rows.rows(), ({ key, row }) => [
    key.subarray(1).toString('latin1'),
    row === null ? null : row.toString(),
  ])
  rows.close()
  // One character per byte compares as the bytes do.
  expect(found).toEqual([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  expect(fs.readdirSync(directory)).toEqual([])
})

test('the time of a record stands before its value where the table has times', () => {
  const rows = new SortedRows('store', directory, true, 1_000, 100)
  rows.add(Buffer.from('k'), Buffer.from('v'), 1_700_000_000_000)
  const [only] = Array.from(rows.rows(), ({ key, row }) => [key.toString('hex'), row!.toString('hex')])
  expect(only).toEqual(['016b', `${(1_700_000_000_000).toString(16).padStart(16, '0')}76`])
})

test('a row that is larger than what may be in memory passes by itself', () => {
  const rows = new SortedRows('store', directory, false, MARK_AND_VALUE_BYTES, 100)
  rows.add(Buffer.from('b'), Buffer.alloc(3_000_000, 'b'), 0)
  rows.add(Buffer.from('a'), Buffer.from('a'), 0)
  expect(Array.from(rows.rows(), ({ row }) => row!.length)).toEqual([1, 3_000_000])
  rows.close()
})

test('a disk that takes a part of what is written is given the rest; one that takes nothing is full, and nothing is lost', () => {
  const rows = new SortedRows('store', directory, false, 1_000, 100)
  const write = fs.writeSync.bind(fs)
  const spy = jest.spyOn(fs, 'writeSync')
  try {
    spy.mockImplementation(((handle: number, bytes: Buffer, at: number, length: number) =>
      write(handle, bytes, at, Math.min(length, 100))) as typeof fs.writeSync)
    for (let i = 0; i < 200; i++) rows.add(Buffer.from(`key ${100 + (i % 150)}`), Buffer.from(`value ${i}`), 0)
    spy.mockImplementation(() => {
      throw new Error('ENOSPC: no space left on device, write')
    })
    expect(() => rows.rows()).toThrow(expect.objectContaining({ code: 'STATE_DISK_FULL', retriable: true }))
  } finally {
    spy.mockRestore()
  }
  const found = Array.from(rows.rows(), ({ key, row }) => `${key.subarray(1).toString()}: ${row!.toString()}`)
  rows.close()
  expect(found).toEqual(Array.from({ length: 150 }, (_, i) => `key ${100 + i}: value ${i < 50 ? i + 150 : i}`))
})

test('a key that no table on disk takes is refused with its length', () => {
  const rows = new SortedRows('store', directory, false, 1_000, 100)
  expect(() => rows.add(Buffer.alloc(1_978), null, 0)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }))
})
