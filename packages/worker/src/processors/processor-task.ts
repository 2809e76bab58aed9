/** One instance of a processor where it runs: a member of its application's group, for as long as it is not paused. */
import type { Kafka } from '@sluice/kafka'
import { describeError, type Clock, type Logger, type Metrics } from '@sluice/sdk'
import {
  KafkaStreams,
  type PauseTarget,
  type StreamsSettings,
  type Topology,
  type TopologyRecord,
} from '@sluice/streams'
import type { TaskHandle } from '../cells/work-environment.ts'
import type { AssignedTask } from '../catalogue/catalogue-records.ts'
import type { PausedKey, TaskControl, TaskEvents } from '../record-path/task-control.ts'
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
  /** Of these streams. */
  #paused: readonly PausedKey[] = []

  constructor(parts: ProcessorTaskParts) {
    this.#parts = parts
    parts.control.onChange = () => this.#follow()
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
      this.#paused = []
      // A record of theirs must not get through: a topology that cannot hold it back does not run.
      this.#holdBack(streams)
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

  /** While it runs. What cannot be held back was refused before it came here, as far as is known. */
  #follow(): void {
    if (this.#streams === null) return
    try {
      this.#holdBack(this.#streams)
    } catch (error) {
      this.#parts.logger.error('A key is not paused', { error: describeError(error) })
    }
  }

  #holdBack(streams: KafkaStreams): void {
    const wanted = this.#parts.control.pausedKeys
    for (const one of this.#paused) if (!has(wanted, one)) streams.resume(targetOf(one))
    for (const one of wanted) if (!has(this.#paused, one)) streams.pause(targetOf(one))
    this.#paused = wanted
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

function has(keys: readonly PausedKey[], { topic, key }: PausedKey): boolean {
  return keys.some((one) => one.topic === topic && one.key === key)
}

function targetOf({ topic, key }: PausedKey): PauseTarget {
  return { topic, key: Buffer.from(key, 'base64') }
}
