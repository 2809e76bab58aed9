/** A source task as its builder makes it, on the broker. */
import { converters } from '@sluice/codecs'
import { connect, type Kafka } from '@sluice/kafka'
import { MemoryMetrics, systemClock, systemRandom, type RawSettings, type SourceConnector } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { Plugins } from '../../src/index.ts'
import { TaskControl } from '../../src/record-path/task-control.ts'
import { buildSourceTask, type ExactlyOnce, type SourceHandle } from '../../src/source-builder.ts'
import type { WorkerParts } from '../../src/worker-parts.ts'
import { workerSettings as declared } from '../../src/worker-settings.ts'
import { FakePositions } from './source-run.ts'
import { address, workerSettings } from './test-cluster.ts'
import { countingSource, type CountingHooks } from './test-connectors.ts'

export interface BuiltSource {
  readonly handle: SourceHandle
  readonly kafka: Kafka
  readonly control: TaskControl
  readonly told: readonly string[]
  readonly logger: MemoryLogger
  readonly positions: FakePositions
  /** Resolves to what it failed with, if it did. */
  run(): Promise<unknown>
  stop(): void
}

export async function buildSource(
  settings: RawSettings,
  hooks: CountingHooks = {},
  exactlyOnce: ExactlyOnce | null = null,
  worker: RawSettings = {},
): Promise<BuiltSource> {
  const kafka = await connect({ bootstrapServers: address })
  const raw = workerSettings(worker)
  const connector = countingSource(hooks) as SourceConnector
  const logger = new MemoryLogger()
  const positions = new FakePositions()
  const parts: WorkerParts = {
    worker: raw,
    plugins: new Plugins({ connectors: [connector], converters, transforms: [], predicates: [] }),
    logger,
    metrics: new MemoryMetrics(),
    clock: systemClock,
    random: systemRandom,
    settings: declared.parse(raw),
    kafka,
    positions,
  }
  const control = new TaskControl(systemClock)
  const told: string[] = []
  const events = {
    stateChanged: (state: string): void => void told.push(state),
    topicUsed: (topic: string): void => void told.push(`topic ${topic}`),
  }
  const stop = new AbortController()
  try {
    const handle = await buildSourceTask(parts, connector, settings, 0, logger, { control, events, exactlyOnce })
    const run = async (): Promise<unknown> => {
      try {
        await handle.run(stop.signal)
        return undefined
      } catch (error) {
        return error
      } finally {
        await kafka.close()
      }
    }
    return { handle, kafka, control, told, logger, positions, run, stop: () => stop.abort() }
  } catch (error) {
    await kafka.close()
    throw error
  }
}
