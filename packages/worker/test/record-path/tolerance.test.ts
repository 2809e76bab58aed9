import { describe, expect, test } from '@jest/globals'
import { DataError, RetriableError, SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { toleranceExceeded } from '../../src/record-path/tolerance.ts'
import { toleranceOf } from '../support/source-run.ts'

const later = new RetriableError('STORE_UNAVAILABLE', 'not now')
const never = new AbortController().signal

/** How long a record was waited for in all, and how often it was tried again. */
async function tries(
  settings: { retryTimeoutMs: number; retryDelayMaxMs?: number },
  failures: number,
): Promise<[number, number[]]> {
  const clock = new FakeClock({ impatient: true })
  const tolerance = toleranceOf(settings, new MemoryLogger(), clock)
  const waits: number[] = []
  for (let attempt = 0; attempt < failures; attempt++) {
    const before = clock.monotonic()
    if ((await tolerance.retry(later, 0, attempt, never)) !== 'again') break
    waits.push(clock.monotonic() - before)
  }
  return [clock.monotonic(), waits]
}

describe('retries', () => {
  test('by default there are none', async () => {
    expect(await tries({ retryTimeoutMs: 0 }, 9)).toEqual([0, []])
  })

  test('the wait begins at 300 ms and doubles; the last try is made when the time ends', async () => {
    expect(await tries({ retryTimeoutMs: 5000 }, 9)).toEqual([5000, [300, 600, 1200, 2400, 500]])
    expect(await tries({ retryTimeoutMs: 200 }, 9)).toEqual([200, [200]])
  })

  test('above the longest delay it is a random part of it', async () => {
    expect(await tries({ retryTimeoutMs: -1, retryDelayMaxMs: 1000 }, 5)).toEqual([2400, [300, 600, 500, 500, 500]])
  })

  test('-1 is for ever', async () => {
    const [waited, waits] = await tries({ retryTimeoutMs: -1 }, 40)
    expect(waits).toHaveLength(40)
    expect(waited).toBeGreaterThan(600_000)
  })

  test('only errors that say so are tried again', async () => {
    const tolerance = toleranceOf({ retryTimeoutMs: -1 })
    for (const error of [new DataError('bad'), new Error('odd'), 'text', undefined, null])
      expect(await tolerance.retry(error, 0, 0, never)).toBe('never')
  })

  test('a task that is to end leaves the record alone: neither tried nor judged', async () => {
    const stop = new AbortController()
    const tolerance = toleranceOf({ retryTimeoutMs: -1 }, new MemoryLogger(), new FakeClock())
    const waiting = tolerance.retry(later, 0, 0, stop.signal)
    stop.abort()
    expect(await waiting).toBe('stopped')
    expect(await tolerance.retry(later, 0, 0, stop.signal)).toBe('stopped')
    expect(await tolerance.retry(new DataError('bad'), 0, 0, stop.signal)).toBe('never')
  })
})

describe('the verdict', () => {
  test.each([
    ['none', 'stop'],
    ['all', 'go-on'],
  ] as const)('tolerance %s: %s', (tolerance, verdict) => {
    expect(toleranceOf({ tolerance }).decide(new Error('x'), 'encode', {})).toBe(verdict)
  })

  test('is logged when asked for, with the place only when that is asked for too', () => {
    const place = { topic: 't', partition: 1, offset: 7 }
    for (const [log, logPlace, fields] of [
      [false, true, undefined],
      [true, false, {}],
      [true, true, place],
    ] as const) {
      const logger = new MemoryLogger()
      toleranceOf({ log, logPlace }, logger).decide(new DataError('the cell is odd'), 'decode', place)
      expect(logger.lines.map(({ level, fields }) => [level, fields])).toEqual(
        fields === undefined ? [] : [['error', fields]],
      )
      for (const { message } of logger.lines) expect(message).toMatch(/stage decode.*the cell is odd/)
    }
  })

  test('what stops the task names stage, place, cause and remedy', () => {
    const cause = new Error('why')
    const error = toleranceExceeded(cause, 'encode', { topic: 't', position: '{"n":1}' })
    expect(error).toBeInstanceOf(SluiceError)
    expect(error).toMatchObject({
      code: 'TASK_FAILED',
      cause,
      place: { topic: 't', position: '{"n":1}' },
      retriable: false,
    })
    expect(error.message).toMatch(/^Tolerance exceeded in error handler.*encode.*topic=t/)
    expect(error.remedy).toMatch(/errors.tolerance=all.*errors.deadletterqueue.topic.name/)
  })
})
