import { describe, expect, test } from '@jest/globals'
import { RetriableError, SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { isInterruption, startTask } from '../../src/record-path/start-task.ts'

describe('starting a task', () => {
  test('what may help later is tried again, with longer and longer pauses', async () => {
    const clock = new FakeClock({ impatient: true })
    const logger = new MemoryLogger()
    let left = 10
    const start = async (): Promise<void> => {
      if (left-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
    }
    expect(await startTask(start, new AbortController().signal, { clock, logger })).toBe(true)
    expect(logger.lines.map(({ fields }) => fields['delayMs'])).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000,
    ])
    expect(logger.lines[0]!.fields['reason']).toBe('the store sleeps')
  })

  test('any other error is the caller’s', async () => {
    const parts = { clock: new FakeClock({ impatient: true }), logger: new MemoryLogger() }
    const start = (): Promise<void> => Promise.reject(new Error('no such host'))
    await expect(startTask(start, new AbortController().signal, parts)).rejects.toThrow('no such host')
  })

  test('it ends with the signal, between two tries or within one', async () => {
    const parts = { clock: new FakeClock(), logger: new MemoryLogger() }
    const stop = new AbortController()
    let tried = 0
    const again = async (): Promise<void> => {
      tried += 1
      throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
    }
    const started = startTask(again, stop.signal, parts)
    stop.abort()
    expect([await started, tried]).toEqual([false, 1])
    const interrupted = (signal: AbortSignal): Promise<void> => Promise.reject(signal.reason as Error)
    expect(await startTask(interrupted, stop.signal, parts)).toBe(false)
  })
})

test('an interruption is one only after it was asked for', () => {
  const abort = Object.assign(new Error('The operation was aborted'), { name: 'AbortError' })
  const aborted = AbortSignal.abort('enough')
  for (const error of [abort, 'enough', new SluiceError('INTERRUPTED', 'stopped')]) {
    expect(isInterruption(error, aborted)).toBe(true)
    expect(isInterruption(error, new AbortController().signal)).toBe(false)
  }
  for (const error of [new Error('odd'), undefined, new SluiceError('KAFKA_TIMEOUT', 'late')])
    expect(isInterruption(error, aborted)).toBe(false)
})
