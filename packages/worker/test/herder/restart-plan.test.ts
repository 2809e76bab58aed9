import { describe, expect, test } from '@jest/globals'
import type { RestartRequest, WorkState } from '../../src/herder/herder.ts'
import { restartPlan, strongerRestart } from '../../src/herder/restart-plan.ts'
import { FakeStatusTopic } from './support/fake-status-topic.ts'

const ask = (onlyFailed: boolean, includeTasks: boolean): RestartRequest => ({
  connector: 'a',
  onlyFailed,
  includeTasks,
})

function statuses(connector: WorkState, tasks: readonly WorkState[]): FakeStatusTopic {
  const topic = new FakeStatusTopic()
  const status = (state: WorkState) => ({
    state,
    workerId: 'w1',
    trace: state === 'FAILED' ? 'it broke' : null,
    version: '1.0',
    generation: 1,
  })
  topic.putConnector('a', status(connector))
  for (const [task, state] of tasks.entries()) topic.putTask({ connector: 'a', task }, status(state))
  return topic
}

describe('a restart request', () => {
  const F = 'FAILED'
  const R = 'RUNNING'
  test.each([
    // connector, tasks, onlyFailed, includeTasks -> restarts the connector, and these tasks
    [R, [R, R], false, false, true, []],
    [R, [R, R], false, true, true, [0, 1]],
    [R, [R, R], true, false, false, []],
    [R, [R, R], true, true, false, []],
    [F, [R, R], false, false, true, []],
    [F, [R, R], false, true, true, [0, 1]],
    [F, [R, R], true, false, true, []],
    [F, [R, R], true, true, true, []],
    [R, [F, F], false, false, true, []],
    [R, [F, F], false, true, true, [0, 1]],
    [R, [F, F], true, false, false, []],
    [R, [F, F], true, true, false, [0, 1]],
    [R, [R, F], true, true, false, [1]],
    [F, [R, F], true, true, true, [1]],
    ['STOPPED', [], false, true, true, []],
    ['PAUSED', ['PAUSED'], true, true, false, []],
  ] as const)(
    'with connector %s, tasks %j, onlyFailed %s and includeTasks %s restarts the connector: %s, and tasks %j',
    (connector, tasks, onlyFailed, includeTasks, restartsConnector, restarted) => {
      const plan = restartPlan(ask(onlyFailed, includeTasks), statuses(connector, tasks), 'source')!
      expect(plan.restartsConnector).toBe(restartsConnector)
      expect(plan.tasks.map(({ task }) => task)).toEqual(restarted)
      expect(plan.shown.connector.state).toBe(restartsConnector ? 'RESTARTING' : connector)
      expect(plan.shown.tasks.map(({ state }) => state)).toEqual(
        tasks.map((state, task) => ((restarted as readonly number[]).includes(task) ? 'RESTARTING' : state)),
      )
    },
  )

  test('shows the trace of a failed task that it restarts', () => {
    const plan = restartPlan(ask(true, true), statuses(R, [F]), 'sink')!
    expect(plan.shown).toEqual({
      name: 'a',
      connector: { state: 'RUNNING', workerId: 'w1', trace: null, version: '1.0' },
      tasks: [{ id: 0, state: 'RESTARTING', workerId: 'w1', trace: 'it broke', version: '1.0' }],
      type: 'sink',
    })
  })

  test('of a connector without status has no plan', () => {
    expect(restartPlan(ask(false, true), new FakeStatusTopic(), 'source')).toBeNull()
  })

  test('of two that wait, the one that restarts more wins, the later one of equals', () => {
    const all = ask(false, true)
    const failed = ask(true, true)
    expect(strongerRestart(all, failed)).toBe(all)
    expect(strongerRestart(failed, all)).toBe(all)
    const again = ask(false, true)
    expect(strongerRestart(all, again)).toBe(again)
  })
})
