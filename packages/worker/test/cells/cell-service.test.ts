import { expect, test } from '@jest/globals'
import { defineSource, defineSettings, systemClock } from '@sluice/sdk'
import { CallWatch } from '../../src/cells/call-watch.ts'
import { CellLog } from '../../src/cells/cell-logger.ts'
import { CellMetrics } from '../../src/cells/cell-metrics.ts'
import type { FromCell } from '../../src/cells/cell-protocol.ts'
import { CellService } from '../../src/cells/cell-service.ts'

const connector = defineSource({
  name: 'c',
  version: '7',
  documentation: 'x',
  settings: defineSettings({}),
  createTask: () => {
    throw new Error('is built by the test')
  },
})

test('what cannot begin is told as failed: nobody waits for an answer', async () => {
  const said: FromCell[] = []
  const instruments = new CellMetrics()
  const service = new CellService({
    environment: {
      clock: systemClock,
      instruments,
      connector: async () => connector,
      resolve: async (settings) => ({ settings, values: new Set() }),
      buildTask: async () => ({ progress: () => null, run: () => new Promise(() => undefined) }),
      metrics: () => instruments.samples(),
      close: async () => undefined,
    },
    watch: new CallWatch(systemClock),
    log: new CellLog('error', async () => undefined),
    send: (message) => void said.push(message),
    residentBytes: () => 0,
    tidy: () => undefined,
    stopped: () => undefined,
  })
  const start = { connector: 'a', config: { name: 'a' }, targetState: 'PAUSED' } as const
  const task = {
    id: { connector: 'a', task: 0 },
    config: {},
    connectorConfig: { name: 'a' },
    targetState: 'PAUSED',
    tasks: 1,
    isExactlyOnce: false,
  } as const
  for (let i = 0; i < 2; i++) {
    service.hear({ type: 'order', what: 'startConnector', args: [start] })
    service.hear({ type: 'order', what: 'startTask', args: [task] })
  }
  await new Promise((resolve) => void setImmediate(resolve))
  const runsAlready = expect.stringContaining('runs here already')
  expect(said).toHaveLength(4)
  expect(said).toEqual(
    expect.arrayContaining([
      { type: 'connector', connector: 'a', state: 'PAUSED', trace: null, version: null },
      { type: 'task', id: task.id, state: 'PAUSED', trace: null, version: null },
      { type: 'connector', connector: 'a', state: 'FAILED', trace: runsAlready, version: null },
      { type: 'task', id: task.id, state: 'FAILED', trace: runsAlready, version: null },
    ]),
  )
  await service.stop(1000)
})
