/** The service of processors on a catalogue in memory. None of their code is run: what they say of themselves is made up. */
import { silentLogger, systemClock } from '@sluice/sdk'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import type { DescribedProcessor } from '../../src/processors/described.ts'
import { LastLines } from '../../src/processors/last-lines.ts'
import { processorSettings } from '../../src/processors/processor-settings.ts'
import { ProcessorService, type ProcessorServiceParts } from '../../src/processors/processor-service.ts'
import { ProcessorShelf } from '../../src/processors/processor-shelf.ts'

export function fakeProcessors(worker: string, parts: Partial<ProcessorServiceParts> = {}): ProcessorService {
  return new ProcessorService({
    catalogue: new Catalogue(new MemoryTable(), { clock: systemClock, logger: silentLogger }),
    shelf: new ProcessorShelf(['@sluice/processor-csv-rows']),
    lines: new LastLines(systemClock),
    worker,
    describe: async (config): Promise<DescribedProcessor> => ({
      version: '1',
      application: config['application.id'] ?? '',
      validation: processorSettings.validate(config),
      written: null,
      topology: {
        text: 'Topologies:\n',
        json: { subtopologies: [] },
        mermaid: 'flowchart LR\n',
        pausable: { topics: { t: null, table: 'It is a table' }, isOpen: false },
      },
    }),
    takenBy: async () => null,
    lagOf: async () => ({
      highest: 7,
      partitions: [{ topic: 't', partition: 0, committed: 3, end: 10, lag: 7 }],
      problem: null,
    }),
    linesOf: async () => [],
    clock: systemClock,
    logger: silentLogger,
    ...parts,
  })
}
