/** Kafka's VerifiableSink: tells on standard output of each record that is put, and again when it is flushed. */
import { defineSettings, defineSink } from '@sluice/sdk'
import type { SinkRecord, SinkTask, SinkTaskContext, TopicPartitionOffset } from '@sluice/sdk'
import { javaNames, KAFKA_VERSION } from './java-names.ts'
import { numberedTasks, print } from './numbered-source.ts'

export const verifiableSink = defineSink({
  name: 'verifiable-sink',
  version: KAFKA_VERSION,
  aliases: javaNames('tools', 'VerifiableSinkConnector'),
  documentation:
    "Prints a line of JSON for each record: for tests that look for gaps and duplicates. The VerifiableSink of Apache Kafka's system tests.",
  settings: defineSettings({}),
  taskSettings: (_parsed, raw, maxTasks) => numberedTasks(raw, maxTasks),
  createTask: (_parsed, context) => new VerifiableSinkTask(context),
})

class VerifiableSinkTask implements SinkTask {
  readonly #context: SinkTaskContext
  #unflushed: Readonly<Record<string, unknown>>[] = []

  constructor(context: SinkTaskContext) {
    this.#context = context
  }

  async start(): Promise<void> {}

  async open(): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    const { connector, task, clock } = this.#context
    for (const { key, topic, value, offset } of records) {
      // The key is the task of VerifiableSource that has made the record.
      const fact = { name: connector, task: key, sinkTask: task, topic, time_ms: clock.now(), seqno: value, offset }
      print(fact)
      this.#unflushed.push(fact)
    }
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    const facts = this.#unflushed
    this.#unflushed = []
    for (const fact of facts) print({ ...fact, time_ms: this.#context.clock.now(), flushed: true })
    return positions
  }

  async close(): Promise<void> {}

  async stop(): Promise<void> {}
}
