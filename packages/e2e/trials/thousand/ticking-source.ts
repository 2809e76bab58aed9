/**
 * The connectors of the trial: loaded by cells. A task has a record now and then, numbered, which says which start of it has made it and in
 * which process; so that whoever reads the topic sees what was lost, what came twice, and who worked at the same time as somebody else.
 */
import {
  atLeast,
  defineSettings,
  defineSource,
  nonEmptyString,
  type ParsedSettings,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from '@sluice/sdk'

const settings = defineSettings({
  topic: { type: 'string', validator: nonEmptyString, importance: 'high', documentation: 'Where to.' },
  'every.ms': { type: 'int', validator: atLeast(1), importance: 'high', documentation: 'From one record to the next.' },
  note: { type: 'string', default: '', importance: 'low', documentation: 'Means nothing: to be changed.' },
})
type Settings = ParsedSettings<typeof settings>

let starts = 0

class TickingTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #run = `${process.pid}.${++starts}`
  #next = 0
  #dueAt = 0

  constructor(own: Settings, context: SourceTaskContext) {
    this.#settings = own
    this.#context = context
  }

  async start(): Promise<void> {
    const stored = await this.#context.position({ task: this.#context.task })
    this.#next = Number(stored?.['next'] ?? 0)
    this.#dueAt = this.#context.clock.monotonic()
  }

  async poll(): Promise<readonly SourceRecord[] | null> {
    const now = this.#context.clock.monotonic()
    if (now < this.#dueAt) return null
    this.#dueAt = now + this.#settings['every.ms']
    return [this.#record(this.#next++)]
  }

  async stop(): Promise<void> {}

  #record(number: number): SourceRecord {
    const { connector, task } = this.#context
    return {
      topic: this.#settings.topic,
      partition: null,
      keySchema: null,
      key: `${connector}-${task}`,
      valueSchema: null,
      value: `${number} ${this.#run}`,
      timestamp: null,
      headers: null,
      sourcePartition: { task },
      sourcePosition: { next: number + 1 },
    }
  }
}

export default [
  defineSource({
    name: 'ticking-source',
    version: '1',
    documentation: 'Has a record now and then.',
    settings,
    taskSettings: (_own, raw, tasksMax) => Array.from({ length: tasksMax }, () => raw),
    createTask: (own, context) => new TickingTask(own, context),
  }),
]
