/**
 * A process for tests to kill: runs the standalone worker that WORKER and CONNECTORS describe (settings in JSON) until it is. Writes a line
 * when all tasks run.
 */
import { fileURLToPath } from 'node:url'
import { converters } from '@sluice/codecs'
import { silentLogger, type RawSettings } from '@sluice/sdk'
import { loadConnectors, Plugins } from '../../src/index.ts'
import { StandaloneWorker } from '../../src/standalone/standalone-worker.ts'
import { eventually } from './eventually.ts'

const { WORKER = '{}', CONNECTORS = '[]' } = process.env
const loaded = await loadConnectors([fileURLToPath(new URL('test-connectors.ts', import.meta.url))])
const given = JSON.parse(CONNECTORS) as readonly RawSettings[]
const worker = await StandaloneWorker.start({
  settings: { listeners: 'http://127.0.0.1:0', ...(JSON.parse(WORKER) as RawSettings) },
  connectors: given.map((config) => ({ config })),
  plugins: new Plugins({ connectors: loaded, converters, transforms: [], predicates: [] }),
  logger: silentLogger,
})
await eventually('all run', () => {
  const tasks = worker.status().map((connector) => connector.tasks)
  const isRunning = tasks.every((own) => own.length > 0 && own.every(({ state }) => state === 'RUNNING'))
  return tasks.length === given.length && isRunning
})
process.stdout.write('running\n')
