import { describe, expect, test } from '@jest/globals'
import { SluiceError, systemClock } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { TaskRunner, type Loop } from '../src/task-runner.ts'

const untilStopped: Loop = { run: (signal) => systemClock.sleep(60_000, signal) }

function runner(loop: Loop): TaskRunner {
  return new TaskRunner(3, loop, new MemoryLogger(), systemClock)
}

describe('a task’s life', () => {
  test('runs until it is stopped', async () => {
    const task = runner(untilStopped)
    expect(task.status()).toEqual({ task: 3, state: 'RUNNING' })
    await task.stop(1000)
    expect(task.status()).toEqual({ task: 3, state: 'STOPPED' })
    await task.ended
    expect(task.error).toBeUndefined()
  })

  test('may end by itself', async () => {
    const task = runner({ run: async () => undefined })
    await task.ended
    expect(task.status().state).toBe('STOPPED')
  })

  test('fails with what its loop was rejected with; the trace has causes and remedy', async () => {
    const error = new SluiceError('SOURCE_UNAVAILABLE', 'The file is gone', {
      cause: new Error('ENOENT'),
      remedy: 'Put it back.',
    })
    const logger = new MemoryLogger()
    const task = new TaskRunner(0, { run: () => Promise.reject(error) }, logger, systemClock)
    await task.ended
    expect(task.error).toBe(error)
    expect(task.status()).toEqual({
      task: 0,
      state: 'FAILED',
      trace: 'The file is gone; because: ENOENT\n  What to do: Put it back.',
    })
    expect(logger.lines).toMatchObject([
      { level: 'error', message: expect.stringContaining('The file is gone') as unknown },
    ])
    await task.stop(1000)
    expect(task.status().state).toBe('FAILED')
  })

  test.each([undefined, null])('a loop that is rejected with %s has failed all the same', async (nothing) => {
    // oxlint-disable-next-line prefer-promise-reject-errors -- what a connector's author may do
    const task = runner({ run: () => Promise.reject(nothing) })
    await task.ended
    expect(task.status()).toMatchObject({
      state: 'FAILED',
      trace: expect.stringContaining('did not say why') as unknown,
    })
    expect(task.error).toMatchObject({ code: 'TASK_FAILED' })
  })

  test('what does not stop in time is said, and left behind', async () => {
    const clock = new FakeClock()
    const task = new TaskRunner(1, { run: () => new Promise(() => undefined) }, new MemoryLogger(), clock)
    const stopping = task.stop(500)
    clock.advance(500)
    await expect(stopping).rejects.toMatchObject({
      code: 'STOP_TIMED_OUT',
      place: { task: 1 },
      remedy: expect.any(String) as unknown,
    })
    expect(task.status().state).toBe('RUNNING')
  })
})
