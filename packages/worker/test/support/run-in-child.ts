/**
 * A process for tests to kill: runs the worker that WORKER and CONNECTORS describe (settings in JSON) until it is. Writes a line when its
 * tasks have been started.
 */
import { fileURLToPath } from 'node:url'
import { converters } from '@sluice/codecs'
import { MemoryMetrics, silentLogger, type RawSettings } from '@sluice/sdk'
import { loadConnectors, Plugins, StandaloneWorker } from '../../src/index.ts'

const { WORKER = '{}', CONNECTORS = '[]' } = process.env
const connectors = await loadConnectors([fileURLToPath(new URL('test-connectors.ts', import.meta.url))])
const worker = await StandaloneWorker.start({
  worker: JSON.parse(WORKER) as RawSettings,
  connectors: JSON.parse(CONNECTORS) as readonly RawSettings[],
  plugins: new Plugins({ connectors, converters, transforms: [], predicates: [] }),
  logger: silentLogger,
  metrics: new MemoryMetrics(),
})
process.stdout.write('running\n')
await worker.ended()
