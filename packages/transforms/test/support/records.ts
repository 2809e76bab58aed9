/** Transforms by name, and records of a topic to try them on. */
import { transforms } from '@sluice/transforms'
import type { RawSettings, Schema, SinkRecord, SourceRecord, Transform, Value } from '@sluice/sdk'

/** By our name or one of Java's. @throws TypeError for a name that nobody has */
export function transform(name: string, settings: RawSettings = {}): Transform {
  return transforms.find((plugin) => plugin.name === name || plugin.aliases.includes(name))!.create(settings)
}

type Parts = Partial<Omit<SinkRecord, 'topic'>> & { readonly topic?: string }

/** A record for a sink, of what is given. */
export function sinkRecord(parts: Parts = {}): SinkRecord {
  return {
    topic: 'orders',
    keySchema: null,
    key: null,
    valueSchema: null,
    value: null,
    timestamp: 1_700_000_000_123,
    headers: null,
    partition: 0,
    offset: 7,
    timestampType: 'create',
    originalTopic: 'orders',
    originalPartition: 0,
    originalOffset: 7,
    ...parts,
  }
}

/** A record of a source. */
export function sourceRecord(value: Value, valueSchema: Schema | null = null): SourceRecord {
  return {
    topic: 'orders',
    keySchema: null,
    key: null,
    valueSchema,
    value,
    timestamp: null,
    headers: null,
    partition: null,
    sourcePartition: { server: 'p' },
    sourcePosition: { lsn: 1 },
  }
}
