/** Kafka's SchemaSource: structs with a field of each simple type, in one version of their schema or two in turns. */
import {
  atLeast,
  defineSettings,
  defineSource,
  nonEmptyString,
  primitive,
  struct,
  type ParsedSettings,
  type Schema,
  type SourcePartition,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from '@sluice/sdk'
import { javaNames, KAFKA_VERSION } from './java-names.ts'
import { nextNumber, numberedTasks, partitionOf, POLL_RECORDS_MAX, print } from './numbered-source.ts'
import { Throughput } from './throughput.ts'

const settings = defineSettings({
  topic: { type: 'string', validator: nonEmptyString, importance: 'high', documentation: 'The topic to write to.' },
  'num.messages': {
    type: 'long',
    validator: atLeast(0),
    importance: 'high',
    documentation: 'How many records each task makes. Those before a restart count (in Java they do not).',
  },
  throughput: {
    type: 'long',
    importance: 'high',
    documentation: 'Records per second of each task; below 0: as many as can be.',
  },
  'multiple.schema': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether every other record has version 2 of the schema, with one field more.',
  },
  'partition.count': {
    type: 'int',
    default: 1,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'The field partitioning counts from 0 to this, over and over.',
  },
})
type Settings = ParsedSettings<typeof settings>

export const schemaSource = defineSource({
  name: 'schema-source',
  version: KAFKA_VERSION,
  aliases: javaNames('tools', 'SchemaSourceConnector'),
  documentation: "Structs of a known schema, numbered: the SchemaSource of Apache Kafka's system tests.",
  settings,
  taskSettings: (_parsed, raw, maxTasks) => numberedTasks(raw, maxTasks),
  createTask: (parsed, context) => new SchemaSourceTask(parsed, context),
})

const STRING = primitive('string')
const FIRST = {
  boolean: primitive('boolean'),
  int: primitive('int32'),
  long: primitive('int64'),
  float: primitive('float32'),
  double: primitive('float64'),
  partitioning: primitive('int32'),
}
const LAST = { id: primitive('int32'), seqno: primitive('int64') }
const VERSION_1 = struct({ ...FIRST, ...LAST }, { name: 'record', version: 1 })
const VERSION_2 = struct(
  { ...FIRST, string: primitive('string', { default: 'abc' }), ...LAST },
  { name: 'record', version: 2 },
)

class SchemaSourceTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #partition: SourcePartition
  readonly #throughput: Throughput
  #next = 0

  constructor(parsed: Settings, context: SourceTaskContext) {
    this.#settings = parsed
    this.#context = context
    this.#partition = partitionOf(context.task)
    this.#throughput = new Throughput(parsed.throughput, context.clock)
  }

  async start(): Promise<void> {
    this.#next = await nextNumber(this.#context, this.#partition)
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const left = this.#settings['num.messages'] - this.#next
    if (left <= 0) return null
    const count = await this.#throughput.take(Math.min(left, POLL_RECORDS_MAX), signal)
    return Array.from({ length: count }, () => this.#record())
  }

  async stop(): Promise<void> {}

  #record(): SourceRecord {
    const id = this.#context.task
    const seqno = this.#next++
    const isFirst = !this.#settings['multiple.schema'] || seqno % 2 === 0
    print({ task: id, seqno })
    const numbers = { boolean: true, int: 12, long: 12, float: 12.2, double: 12.2 }
    const partitioning = seqno % this.#settings['partition.count']
    const valueSchema: Schema = isFirst ? VERSION_1 : VERSION_2
    return {
      topic: this.#settings.topic,
      partition: id,
      keySchema: STRING,
      key: 'key',
      valueSchema,
      value: { ...numbers, partitioning, ...(isFirst ? {} : { string: 'def' }), id, seqno },
      timestamp: null,
      headers: null,
      sourcePartition: this.#partition,
      sourcePosition: { seqno },
    }
  }
}
