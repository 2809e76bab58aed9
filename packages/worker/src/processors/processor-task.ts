/** One instance of a processor where it runs: a member of its application's group, for as long as it is not paused. */
import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Metrics } from '@sluice/sdk'
import { KafkaStreams, type StreamsSettings, type Topology, type TopologyRecord } from '@sluice/streams'
import type { TaskHandle } from '../cells/work-environment.ts'
import type { AssignedTask } from '../catalogue/catalogue-records.ts'
import type { TaskControl, TaskEvents } from '../record-path/task-control.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { processorFigures } from './processor-figures.ts'

export interface ProcessorTaskParts {
  readonly processor: string
  readonly instance: number
  readonly topology: () => Topology
  readonly settings: StreamsSettings
  readonly record: TopologyRecord
  readonly kafka: Kafka
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** What `progress` gives, over the way between processes. */
export interface InstanceProgress {
  readonly streamsState: string
  readonly tasks: readonly AssignedTask[]
}

export class ProcessorTask implements TaskHandle {
  readonly #parts: ProcessorTaskParts
  #streams: KafkaStreams | null = null

  constructor(parts: ProcessorTaskParts) {
    this.#parts = parts
  }

  /**
   * A pause is an orderly stop: what is under way becomes durable, offsets are committed, and the group gives the tasks to others, if
   * there are any that run.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { control, events } = this.#parts
    while (!signal.aborted && !control.isCancelled) {
      if (control.isPaused) {
        events.stateChanged('PAUSED')
        await control.resumed(signal)
        continue
      }
      const streams = this.#open()
      this.#streams = streams
      await streams.run({ signal: AbortSignal.any([signal, control.pausing, control.cancelled]) })
    }
  }

  progress(): InstanceProgress | null {
    const streams = this.#streams
    if (streams === null) return null
    const isOver = streams.state === 'NOT_RUNNING' || streams.state === 'ERROR' || streams.state === 'HALTED'
    const partitions = isOver ? [] : streams.progress()
    const byTask = Map.groupBy(partitions, ({ task }) => task)
    const tasks = [...byTask].map(([id, own]) => ({
      id,
      partitions: own.map(({ topic, partition }) => ({ topic, partition })),
    }))
    return { streamsState: streams.state, tasks }
  }

  figures(): readonly FigureGroup[] {
    return this.#streams === null ? [] : processorFigures(this.#streams.metrics(), this.#parts)
  }

  #open(): KafkaStreams {
    const { topology, settings, record, kafka, control, events, metrics, logger, clock } = this.#parts
    return new KafkaStreams(topology(), settings, {
      kafka,
      record,
      metrics,
      logger,
      clock,
      onState: (state) => {
        control.beat()
        logger.info(`State is ${state}`)
        if (state === 'RUNNING') events.stateChanged('RUNNING')
      },
    })
  }
}
