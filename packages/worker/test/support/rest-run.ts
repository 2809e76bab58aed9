/** A REST server over a FakeHerder, on a free port. */
import { MemoryMetrics, silentLogger, systemClock, type Clock, type RawSettings } from '@sluice/sdk'
import { prometheusText } from '../../src/operations/prometheus.ts'
import type { ProcessorService } from '../../src/processors/processor-service.ts'
import { RestServer } from '../../src/rest/rest-server.ts'
import { FakeHerder } from './fake-herder.ts'
import { fakeProcessors } from './fake-processors.ts'

export interface RestRun {
  readonly server: RestServer
  readonly herder: FakeHerder
  readonly processors: ProcessorService
  readonly url: string
  readonly metrics: MemoryMetrics
}

const LOCAL = { listeners: 'http://127.0.0.1:0' }

export async function startRest(settings: RawSettings = {}, clock: Clock = systemClock): Promise<RestRun> {
  const metrics = new MemoryMetrics()
  const server = new RestServer({
    settings: { ...LOCAL, ...settings },
    logger: silentLogger,
    clock,
    version: '4.3.1+sluice.0.0.0',
    commit: 'none',
    metrics: () => prometheusText(metrics.snapshot()),
  })
  await server.listen()
  const herder = new FakeHerder(server.workerId)
  const processors = fakeProcessors(server.workerId)
  server.serve(herder, { service: async () => processors, complaint: null })
  return { server, herder, processors, url: server.urls()[0] ?? '', metrics }
}
