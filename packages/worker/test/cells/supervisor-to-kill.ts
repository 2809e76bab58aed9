/** A supervisor for tests to kill or to freeze: starts what CONNECTORS names (configs in JSON), and writes the pids of their cells. */
import { systemClock, silentLogger, type RawSettings } from '@sluice/sdk'
import { CellHost } from '../../src/cells/cell-host.ts'
import { realEnvironment } from './cell-world.ts'

const { CONNECTORS = '[]', BROKER = '', SILENCE_MS = '10000' } = process.env
const host = new CellHost({
  ...realEnvironment(BROKER, `orphans-${process.pid}`),
  isolation: 'connector',
  events: {
    connectorState: () => undefined,
    taskState: () => undefined,
    reconfigurationRequested: () => undefined,
    topicUsed: () => undefined,
  },
  guard: { fence: () => Promise.resolve(), verify: () => Promise.resolve() },
  logger: silentLogger,
  clock: systemClock,
  silenceMaxMs: Number(SILENCE_MS),
})
for (const config of JSON.parse(CONNECTORS) as readonly RawSettings[]) {
  const id = { connector: config['name']!, task: 0 }
  await host.startTask({
    id,
    config: {},
    connectorConfig: config,
    targetState: 'STARTED',
    tasks: 1,
    isExactlyOnce: false,
  })
}
process.stdout.write(`${JSON.stringify(host.cells())}\n`)
