/** encode: the last step of a record's way, from key and value to a record for the producer. */
import { SluiceError, type Clock, type ValueEncoder, type Value } from '@sluice/sdk'
import { partitionForKey, type ProducerRecord } from '@sluice/kafka'
import type { Step } from '../operators/operator.ts'
import { written, type Side } from '../serde.ts'
import type { SinkNode } from '../topology/node.ts'
import type { StreamPartitioner } from '../topology/record-functions.ts'
import type { Windowed } from '../windows/window.ts'
import { bytesOf } from './output-batch.ts'
import type { RecordContext } from './record-context.ts'
import { timeCheck } from './topic-times.ts'

/** What a record takes on the wire besides key, value and headers, at most; and per header. */
const RECORD_OVERHEAD = 128
const HEADER_OVERHEAD = 10

/** What a topic takes, as its broker has it. Infinity: anything. */
export interface RecordLimits {
  /** `max.message.bytes` */
  readonly bytes: number
  /** `message.timestamp.after.max.ms`: how far ahead of now its time may lie. An hour, unless it is set. */
  readonly aheadMs: number
  /** `message.timestamp.before.max.ms`, less the time that a record may be on its way: how far behind now its time may lie. */
  readonly behindMs: number
}

/** What a sink asks of its task. */
export interface SinkScope {
  readonly clock: Pick<Clock, 'now'>
  /** Most bytes of a record put out. */
  readonly recordBytesMax: number
  /** Of topics that take less. */
  readonly recordLimits?: ReadonlyMap<string, RecordLimits>
  /** How many partitions a topic has. */
  partitionsOf(topic: string): number
  /** Told of each topic that a sink's function has chosen, once. */
  chosen?(topic: string, node: string): void
}

/**
 * Encodes what arrives and adds it to the output. Time and headers are those of the record under way.
 * The step throws DataError for a value that does not fit the schema, RECORD_TOO_LARGE, and what the sink's own functions throw.
 */
export function sinkStep(
  sink: SinkNode,
  kept: { readonly key: boolean; readonly value: boolean },
  scope: SinkScope,
): Step {
  const { topic, name } = sink
  const partitioner = sink.partitioner ?? (sink.key.inner === undefined ? undefined : byKeyWithin(sink.key.inner))
  const limitsOf = limitsByTopic(scope)
  const limits = typeof topic === 'string' ? limitsOf(topic) : null
  const send = typeof topic === 'string' ? oneTopic(topic, sink, kept) : chosenTopic(sink, kept, scope)
  return (key, value, at) => {
    at.reached += 1
    if (!at.live) return
    at.node = name
    at.stage = 'encode'
    const record = send(key, value, at)
    const bytes = bytesOf(record)
    const { bytesMax, checkTime } = limits ?? limitsOf(record.topic)
    if (wireBytes(record, bytes) > bytesMax) throw tooLarge(record, bytes, bytesMax)
    checkTime?.(at.timestamp)
    if (partitioner === undefined) at.output.add(record, bytes)
    else {
      const chosen = partitioner(record.topic, key, value, scope.partitionsOf(record.topic))
      if (chosen === null || typeof chosen === 'number') at.output.add({ ...record, partition: chosen }, bytes)
      else for (const partition of new Set(chosen)) at.output.add({ ...record, partition }, bytes)
    }
    at.stage = 'process'
  }
}

interface SinkLimits {
  readonly bytesMax: number
  readonly checkTime: ReturnType<typeof timeCheck>
}

/** What records are held against, made once for each topic. */
function limitsByTopic({ clock, recordBytesMax, recordLimits }: SinkScope): (topic: string) => SinkLimits {
  const known = new Map<string, SinkLimits>()
  return (topic) => {
    let limits = known.get(topic)
    if (limits === undefined) {
      const own = recordLimits?.get(topic)
      limits = {
        bytesMax: Math.min(recordBytesMax, own?.bytes ?? Infinity),
        checkTime: own === undefined ? null : timeCheck(topic, own, clock),
      }
      known.set(topic, limits)
    }
    return limits
  }
}

/** Windows of one key are in one partition: that of the key (Kafka Streams' `WindowedStreamPartitioner`). */
function byKeyWithin(inner: Side): StreamPartitioner {
  const encoders = new Map<string, ValueEncoder>()
  return (topic, key, _value, partitions) => {
    if (key === null) return null
    let encode = encoders.get(topic)
    if (encode === undefined) encoders.set(topic, (encode = encoderOf(topic, inner)))
    const bytes = encode((key as Windowed<unknown>).key as Value)
    return bytes === null ? null : partitionForKey(bytes, partitions)
  }
}

type Encode = (key: unknown, value: unknown, at: RecordContext) => ProducerRecord

function oneTopic(topic: string, sink: SinkNode, kept: { readonly key: boolean; readonly value: boolean }): Encode {
  const encodeKey = encoderOf(topic, sink.key)
  const encodeValue = encoderOf(topic, sink.value)
  return (key, value, at) => ({
    topic,
    partition: null,
    key: kept.key ? at.keyBytes : encodeKey(key as Value),
    value: kept.value ? at.valueBytes : encodeValue(value as Value),
    timestamp: at.timestamp,
    headers: at.headers,
  })
}

/** Encoders are made per topic: a registry keeps schemas by it. */
function chosenTopic(
  sink: SinkNode,
  kept: { readonly key: boolean; readonly value: boolean },
  scope: SinkScope,
): Encode {
  const { topic: choose } = sink
  const encoders = new Map<string, Encode>()
  return (key, value, at) => {
    const topic = typeof choose === 'string' ? choose : choose(key, value, at)
    let encode = encoders.get(topic)
    if (encode === undefined) {
      if (typeof topic !== 'string' || topic === '') throw noTopic(topic, sink.name)
      encoders.set(topic, (encode = oneTopic(topic, sink, kept)))
      scope.chosen?.(topic, sink.name)
    }
    return encode(key, value, at)
  }
}

/** At least what the record takes on the wire. */
export function wireBytes(record: ProducerRecord, bytes: number): number {
  return bytes + RECORD_OVERHEAD + HEADER_OVERHEAD * (record.headers?.length ?? 0)
}

/** No value is no bytes, whatever the schema says: a tombstone. */
function encoderOf(topic: string, { converter, schema }: Side): ValueEncoder {
  const encode = converter.encoder(topic, schema)
  return (value) => (value === null || value === undefined ? null : written(encode(value), topic))
}

function noTopic(topic: unknown, node: string): SluiceError {
  return new SluiceError('DATA_INVALID', `The function of ${node} has chosen no topic: ${JSON.stringify(topic)}`, {
    place: { node },
    remedy: 'Return the name of a topic for every record, or filter those before that are for none.',
  })
}

function tooLarge(record: ProducerRecord, bytes: number, bytesMax: number): SluiceError {
  return new SluiceError('RECORD_TOO_LARGE', `A record for ${record.topic} is larger than ${bytesMax} bytes allow`, {
    place: { bytes, limit: bytesMax },
    remedy: 'Raise producer.max.request.size and the topic’s max.message.bytes, or make the record smaller.',
  })
}
