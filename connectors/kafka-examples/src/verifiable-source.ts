/** Kafka's VerifiableSource: numbers without end, each told on standard output when it is made and when it is durable. */
import {
  defineSettings,
  defineSource,
  nonEmptyString,
  primitive,
  struct,
  type ParsedSettings,
  type SourcePartition,
  type SourcePosition,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from '@sluice/sdk'
import { javaNames, KAFKA_VERSION } from './java-names.ts'
import { nextNumber, numberedTasks, partitionOf, POLL_RECORDS_MAX, print } from './numbered-source.ts'
import { Throughput } from './throughput.ts'

const settings = defineSettings({
  topic: {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The topic to write to.',
  },
  throughput: {
    type: 'long',
    importance: 'high',
    documentation: 'Records per second of each task; below 0: as many as can be.',
  },
  'complete.record.data': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether values are structs with name, task, topic, time_ms and seqno, instead of the number alone.',
  },
})
type Settings = ParsedSettings<typeof settings>

export const verifiableSource = defineSource({
  name: 'verifiable-source',
  version: KAFKA_VERSION,
  aliases: javaNames('tools', 'VerifiableSourceConnector'),
  documentation:
    "Numbers in order, without end, from each task: for tests that look for gaps and duplicates. The VerifiableSource of Apache Kafka's system tests.",
  settings,
  exactlyOnceSupport: () => 'supported',
  taskSettings: (_parsed, raw, maxTasks) => numberedTasks(raw, maxTasks),
  createTask: (parsed, context) => new VerifiableSourceTask(parsed, context),
})

const INT32 = primitive('int32')
const INT64 = primitive('int64')
const COMPLETE = struct({
  name: primitive('string'),
  task: INT32,
  topic: primitive('string'),
  time_ms: INT64,
  seqno: INT64,
})

class VerifiableSourceTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #partition: SourcePartition
  readonly #throughput: Throughput
  #next = 0
  #committed = 0

  constructor(parsed: Settings, context: SourceTaskContext) {
    this.#settings = parsed
    this.#context = context
    this.#partition = partitionOf(context.task)
    this.#throughput = new Throughput(parsed.throughput, context.clock)
  }

  async start(): Promise<void> {
    this.#next = await nextNumber(this.#context, this.#partition)
    this.#committed = this.#next
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const count = await this.#throughput.take(POLL_RECORDS_MAX, signal)
    return Array.from({ length: count }, () => this.#record())
  }

  /** Everything up to the position is durable. */
  async settled(positions: ReadonlyMap<SourcePartition, SourcePosition>): Promise<void> {
    for (const position of positions.values()) {
      for (; this.#committed <= Number(position['seqno']); this.#committed++)
        print({ ...this.#fact(this.#committed), committed: true })
    }
  }

  async stop(): Promise<void> {}

  #record(): SourceRecord {
    const seqno = this.#next++
    const fact = this.#fact(seqno)
    print(fact)
    const isComplete = this.#settings['complete.record.data']
    return {
      topic: this.#settings.topic,
      partition: null,
      keySchema: INT32,
      key: this.#context.task,
      valueSchema: isComplete ? COMPLETE : INT64,
      value: isComplete ? fact : seqno,
      timestamp: null,
      headers: null,
      sourcePartition: this.#partition,
      sourcePosition: { seqno },
    }
  }

  #fact(seqno: number): { name: string; task: number; topic: string; time_ms: number; seqno: number } {
    const { connector, task, clock } = this.#context
    return { name: connector, task, topic: this.#settings.topic, time_ms: clock.now(), seqno }
  }
}
