import { describe, expect, test } from '@jest/globals'
import { RetriableError, SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { ConnectClient, ConnectorStatusShown, WorkState } from '@sluice/worker/client'
import { waitFor } from '../../src/connect/waiting.ts'
import { testTerminal } from '../support/test-terminal.ts'

function status(state: WorkState, ...tasks: WorkState[]): ConnectorStatusShown {
  return {
    name: 'c',
    type: 'source',
    connector: { state, worker_id: 'w' },
    tasks: tasks.map((task, id) => ({
      id,
      state: task,
      worker_id: 'w',
      ...(task === 'FAILED' && { trace: 'Error: broken\n\tat x' }),
    })),
  }
}

const gone = new SluiceError('CONNECT_UNKNOWN', 'Connector c not found')

/** One after the other, the last for ever. */
function wait(
  state: string,
  answers: readonly (ConnectorStatusShown | Error)[],
  options: { isInteractive?: boolean; isQuiet?: boolean } = {},
) {
  const terminal = testTerminal({
    clock: new FakeClock({ impatient: true }),
    isInteractive: options.isInteractive ?? false,
  })
  let i = 0
  const client = {
    call: async () => {
      const answer = answers[Math.min(i++, answers.length - 1)]!
      if (answer instanceof Error) throw answer
      return answer
    },
  } as unknown as ConnectClient
  const signal = new AbortController().signal
  const values = { timeout: 10_000, quiet: options.isQuiet ?? false }
  const done = waitFor('c', state, { client, terminal, signal, values })
  return { done, terminal }
}

describe('waiting ends', () => {
  test.each([
    [
      'RUNNING',
      [status('RUNNING'), status('RUNNING', 'RUNNING', 'UNASSIGNED'), status('RUNNING', 'RUNNING', 'RUNNING')],
      3,
    ],
    ['PAUSED', [status('PAUSED', 'RUNNING'), status('PAUSED', 'PAUSED')], 2],
    ['STOPPED', [status('STOPPED', 'RUNNING'), status('STOPPED')], 2],
    ['DELETED', [status('RUNNING', 'RUNNING'), gone], 2],
    ['RUNNING', [gone, new RetriableError('WORKER_UNREACHABLE', 'away'), status('RUNNING', 'RUNNING')], 3],
    ['FAILED', [status('RUNNING', 'RUNNING'), status('RUNNING', 'FAILED')], 2],
  ])('when connector and tasks are %s', async (state, answers, looks) => {
    const { done, terminal } = wait(state, answers)
    await done
    expect(terminal.clock.monotonic()).toBe((looks - 1) * 500)
    expect(terminal.said.err).toBe('')
  })

  test('when it stays FAILED, with the first line of the trace, but not for what was FAILED before a restart', async () => {
    const { done, terminal } = wait('RUNNING', [status('RUNNING', 'FAILED')])
    await expect(done).rejects.toMatchObject({ code: 'TASK_FAILED', message: 'c has failed: Error: broken' })
    expect(terminal.clock.monotonic()).toBe(5000)
    await wait('RUNNING', [status('RUNNING', 'FAILED'), status('RUNNING', 'RUNNING')]).done
  })

  test('when the time is over, and says what it saw last', async () => {
    const { done, terminal } = wait('RUNNING', [status('RUNNING', 'RUNNING', 'UNASSIGNED')])
    await expect(done).rejects.toMatchObject({
      code: 'WAIT_TIMED_OUT',
      message: 'c is not RUNNING after 10000 ms: RUNNING, tasks: 1 RUNNING, 1 UNASSIGNED',
    })
    expect(terminal.clock.monotonic()).toBe(10_000)
  })

  test('at once when the worker does not let us in', async () => {
    const { done } = wait('RUNNING', [new SluiceError('WORKER_AUTHENTICATION', 'who?')])
    await expect(done).rejects.toMatchObject({ code: 'WORKER_AUTHENTICATION' })
  })
})

test('what RUNS from the first look on is believed after two seconds: it may be from before new settings', async () => {
  const same = wait('RUNNING', [status('RUNNING', 'RUNNING')])
  await same.done
  expect(same.terminal.clock.monotonic()).toBe(2000)
  const changed = wait('RUNNING', [status('RUNNING', 'RUNNING'), status('RUNNING'), status('RUNNING', 'RUNNING')])
  await changed.done
  expect(changed.terminal.clock.monotonic()).toBe(1000)
})

describe('a progress line', () => {
  const answers = [status('RUNNING', 'UNASSIGNED'), status('RUNNING', 'RUNNING')]

  test('is shown on a terminal, and taken away', async () => {
    const { done, terminal } = wait('RUNNING', answers, { isInteractive: true })
    await done
    expect(terminal.said.err).toBe('\rc: RUNNING, tasks: 1 UNASSIGNED (waiting for RUNNING, 0 s)\u001B[K\r\u001B[K')
  })

  test('is not shown when nobody wants it', async () => {
    const { done, terminal } = wait('RUNNING', answers, { isInteractive: true, isQuiet: true })
    await done
    expect(terminal.said.err).toBe('')
  })
})
