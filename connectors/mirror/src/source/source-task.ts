import type { FetchedPartition, Fetcher, Kafka, Producer } from '@sluice/kafka'
import type { Headers, RawHeader, SourcePartition, SourceRecord, SourceTask, SourceTaskContext } from '@sluice/sdk'
import { connectTo } from '../clusters.ts'
import { offsetSyncRecord } from '../formats/offset-sync.ts'
import { collectRuns } from '../offsets/run-collector.ts'
import { ensureSyncTopic, syncTopic } from '../offsets/sync-topic.ts'
import { policyOf, type SourceSettings } from '../settings.ts'
import { nextOffset, parsePartition, sourcePartition } from './topic-partitions.ts'

/** Where a partition's records come from and go to. */
interface Lane {
  readonly remoteTopic: string
  readonly sourcePartition: SourcePartition
}

/**
 * Reads partitions of the source as bytes and hands them on as they are: key, value, headers, time and partition. Where Kafka has put them
 * it writes to the topic of offset syncs, before anything else follows from them.
 */
export class MirrorSourceTask implements SourceTask {
  /** Not there when nobody wants to know. */
  readonly delivered?: (records: readonly (SourceRecord | null)[], offsets: Float64Array) => Promise<void>
  readonly #settings: SourceSettings
  readonly #context: SourceTaskContext
  readonly #lanes = new Map<string, Map<number, Lane>>()
  readonly #syncTopic: string
  readonly #open: { close(): Promise<void> }[] = []
  #fetcher: Fetcher | null = null
  #syncs: Producer | null = null

  constructor(settings: SourceSettings, context: SourceTaskContext) {
    this.#settings = settings
    this.#context = context
    this.#syncTopic = syncTopic(policyOf(settings), settings)
    if (settings['emit.offset-syncs.enabled']) this.delivered = (records, offsets) => this.#note(records, offsets)
  }

  async start(): Promise<void> {
    const settings = this.#settings
    const source = await this.#connect('source')
    if (settings['emit.offset-syncs.enabled']) {
      const kafka = settings['offset-syncs.topic.location'] === 'source' ? source : await this.#connect('target')
      await ensureSyncTopic(kafka.admin, this.#syncTopic, settings)
      this.#open.push((this.#syncs = kafka.producer()))
    }
    this.#fetcher = source.fetcher({
      isolation: settings['source.consumer.isolation.level'],
      reset: settings['source.consumer.auto.offset.reset'],
      bytesMax: settings['source.consumer.fetch.max.bytes'],
    })
    this.#open.push(this.#fetcher)
    this.#fetcher.assign(await Promise.all(settings['task.assigned.partitions'].map((text) => this.#begin(text))))
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const fetched = await this.#fetcher!.poll(this.#settings['consumer.poll.timeout.ms'], signal)
    const records: SourceRecord[] = []
    for (const partition of fetched) this.#read(partition, records)
    return records
  }

  /** What was opened last is closed first: a producer before its connections. */
  async stop(): Promise<void> {
    for (const one of this.#open.splice(0).toReversed()) await one.close()
  }

  async #connect(side: 'source' | 'target'): Promise<Kafka> {
    const kafka = await connectTo(side, this.#settings, this.#context)
    this.#open.push(kafka)
    return kafka
  }

  async #begin(text: string): Promise<{ topic: string; partition: number; offset: number | null }> {
    const at = parsePartition(text)
    const alias = this.#settings['source.cluster.alias']
    const lane = {
      remoteTopic: policyOf(this.#settings).remoteTopic(alias, at.topic),
      sourcePartition: sourcePartition(alias, at),
    }
    const lanes = this.#lanes.get(at.topic) ?? new Map<number, Lane>()
    this.#lanes.set(at.topic, lanes.set(at.partition, lane))
    return { ...at, offset: nextOffset(await this.#context.position(lane.sourcePartition), at) }
  }

  /** The hot path: one object for each record, and its position; bytes stay where the fetch has put them. */
  #read({ topic, partition, batches }: FetchedPartition, records: SourceRecord[]): void {
    const { remoteTopic, sourcePartition: lane } = this.#lanes.get(topic)!.get(partition)!
    for (const batch of batches) {
      for (let i = 0; i < batch.count; i++) {
        const headers = batch.headers(i)
        records.push({
          topic: remoteTopic,
          partition,
          keySchema: null,
          key: batch.key(i),
          valueSchema: null,
          value: batch.value(i),
          timestamp: batch.timestamp(i),
          headers: headers === null || headers.length === 0 ? null : asHeaders(headers),
          sourcePartition: lane,
          sourcePosition: { offset: batch.offset(i) },
        })
      }
    }
  }

  async #note(records: readonly (SourceRecord | null)[], offsets: Float64Array): Promise<void> {
    const syncs = collectRuns(records, offsets)
    if (syncs.length > 0) await this.#syncs?.produce(syncs.map((sync) => offsetSyncRecord(this.#syncTopic, sync)))
  }
}

function asHeaders(headers: readonly RawHeader[]): Headers {
  return headers.map(({ key, value }) => ({ key, schema: null, value }))
}
