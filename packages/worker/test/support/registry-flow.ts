/** Records through a worker with a converter that asks the embedded registry: from a source over a topic to a sink. */
import { RegistryServer, connectRegistry } from '@sluice/schema-registry'
import type { RawSettings, Schema, SinkRecord, Value } from '@sluice/sdk'
import { eventually } from './eventually.ts'
import { headersOf } from './fake-kafka.ts'
import { startWorker, TestCluster } from './test-cluster.ts'
import { countingSource, sinkOf } from './test-connectors.ts'

const RECORDS = 300

export interface RegistryFlow {
  /** Topics are named after it. */
  readonly name: string
  readonly schema: Schema
  readonly value: (n: number) => Value
  /** Of the converter, below `value.converter`, for connections to this registry. */
  readonly converter: (registry: string) => RawSettings
  /** What is put behind the records that were written, made of the first one's bytes, and cannot be read. */
  readonly bad: (first: Buffer) => readonly (string | { readonly value: Buffer })[]
}

export interface FlowOutcome {
  readonly seen: readonly SinkRecord[]
  readonly expected: readonly Value[]
  /** The bytes of the first record. */
  readonly first: Buffer
  /** Of the dead letters. */
  readonly letters: readonly Readonly<Record<string, string>>[]
  /** Of the subject. */
  readonly versions: readonly number[]
}

export class RegistryBench {
  readonly cluster: TestCluster
  readonly registry: RegistryServer

  private constructor(cluster: TestCluster, registry: RegistryServer) {
    this.cluster = cluster
    this.registry = registry
  }

  static async open(): Promise<RegistryBench> {
    const cluster = await TestCluster.open()
    const registry = await RegistryServer.start({ kafka: cluster.kafka, topic: cluster.name('schemas'), port: 0 })
    return new RegistryBench(cluster, registry)
  }

  async close(): Promise<void> {
    await this.registry.close()
    await this.cluster.close()
  }

  async run({ name, schema, value, converter, bad }: RegistryFlow): Promise<FlowOutcome> {
    const { cluster, registry } = this
    const topic = await cluster.topic(name)
    const dead = await cluster.topic(`${name}-dead`)
    const settings = converter(registry.url)
    const seen: SinkRecord[] = []
    const worker = await startWorker({
      plugins: [
        countingSource({ record: (n) => ({ valueSchema: schema, value: value(n) }) }),
        sinkOf(() => ({ put: async (records) => void seen.push(...records) })),
      ],
      worker: { 'offset.storage.topic': cluster.name('offsets'), 'offset.storage.replication.factor': '1' },
      connectors: [
        { name: cluster.name('source'), 'connector.class': 'counting', topic, count: String(RECORDS), ...settings },
        {
          name: cluster.name('sink'),
          'connector.class': 'parts',
          topics: topic,
          'errors.tolerance': 'all',
          'errors.deadletterqueue.topic.name': dead,
          'errors.deadletterqueue.topic.replication.factor': '1',
          'errors.deadletterqueue.context.headers.enable': 'true',
          ...settings,
        },
      ],
    })
    await eventually('all has arrived', () => seen.length === RECORDS)
    const first = Buffer.from((await cluster.read(topic))[0]!.value!)
    const unreadable = bad(first)
    await cluster.put(topic, unreadable)
    await eventually('the bad ones are dead letters', async () => (await cluster.count(dead)) === unreadable.length)
    await worker.stop()
    const client = connectRegistry({ 'schema.registry.url': registry.url })
    const versions = await client.versions(`${topic}-value`)
    client.close()
    const letters = (await cluster.read(dead)).map(headersOf)
    return { seen, expected: Array.from({ length: RECORDS }, (_, n) => value(n)), first, letters, versions }
  }
}
