import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { Punctuations } from '../../src/record-path/punctuations.ts'
import { RecordContext } from '../../src/record-path/record-context.ts'

const at = new RecordContext({ output: new OutputBatch(), clock: new FakeClock() })

test('stream time begins at 0: the first record calls, and then every multiple that is reached, once', () => {
  const punctuations = new Punctuations(new FakeClock({ now: 1000 }))
  const calls: number[] = []
  punctuations.schedule(10, 'STREAM_TIME', (timestamp) => calls.push(timestamp))
  for (const streamTime of [3, 9, 10, 11, 47, 49, 50]) {
    if (streamTime >= punctuations.nextStreamTime) punctuations.advanceStreamTime(streamTime, at)
  }
  expect(calls).toEqual([3, 10, 47, 50])
})

test('the clock calls an interval after it was asked, and missed calls are one', () => {
  const clock = new FakeClock({ now: 1000 })
  const punctuations = new Punctuations(clock)
  const calls: number[] = []
  punctuations.schedule(10, 'WALL_CLOCK_TIME', (timestamp) => calls.push(timestamp))
  const advance = (ms: number): boolean => {
    clock.advance(ms)
    return punctuations.advanceWallClock(at)
  }
  expect([advance(9), advance(1), advance(35), advance(4), advance(1)]).toEqual([false, true, true, false, true])
  expect(calls).toEqual([1010, 1045, 1050])
})

test('cancelled is not called again, also by a callback of the same moment', () => {
  const punctuations = new Punctuations(new FakeClock({ now: 0 }))
  const calls: string[] = []
  punctuations.schedule(5, 'STREAM_TIME', () => {
    calls.push('first')
    second.cancel()
  })
  const second = punctuations.schedule(5, 'STREAM_TIME', () => calls.push('second'))
  punctuations.advanceStreamTime(0, at)
  punctuations.advanceStreamTime(5, at)
  expect(calls).toEqual(['first', 'first'])
  expect(punctuations.nextStreamTime).toBe(10)
})

test('what a callback schedules is not due at once', () => {
  const punctuations = new Punctuations(new FakeClock({ now: 0 }))
  const calls: string[] = []
  punctuations.schedule(100, 'STREAM_TIME', () => {
    calls.push('outer')
    punctuations.schedule(1, 'STREAM_TIME', () => calls.push('inner'))
  })
  punctuations.advanceStreamTime(0, at)
  expect(calls).toEqual(['outer'])
  punctuations.advanceStreamTime(1, at)
  expect(calls).toEqual(['outer', 'inner'])
})
