/** encode: the last step of a record's way, from key and value to a record for the producer. */
import { SluiceError, type ValueEncoder, type Value } from '@sluice/sdk'
import type { ProducerRecord } from '@sluice/kafka'
import type { Step } from '../operators/operator.ts'
import type { Side } from '../serde.ts'
import type { SinkNode } from '../topology/node.ts'
import { bytesOf } from './output-batch.ts'

/** What a record takes on the wire besides key, value and headers, at most; and per header. */
const RECORD_OVERHEAD = 128
const HEADER_OVERHEAD = 10

/**
 * Encodes what arrives and adds it to the output. Time and headers are those of the record under way.
 * The step throws DataError for a value that does not fit the schema, and RECORD_TOO_LARGE.
 */
export function sinkStep(
  sink: SinkNode,
  kept: { readonly key: boolean; readonly value: boolean },
  bytesMax: number,
): Step {
  const { topic, name } = sink
  const encodeKey = encoderOf(topic, sink.key)
  const encodeValue = encoderOf(topic, sink.value)
  return (key, value, at) => {
    at.reached += 1
    if (!at.live) return
    at.node = name
    at.stage = 'encode'
    const record: ProducerRecord = {
      topic,
      partition: null,
      key: kept.key ? at.keyBytes : encodeKey(key as Value),
      value: kept.value ? at.valueBytes : encodeValue(value as Value),
      timestamp: at.timestamp,
      headers: at.headers,
    }
    const bytes = bytesOf(record)
    if (wireBytes(record, bytes) > bytesMax) throw tooLarge(record, bytes, bytesMax)
    at.output.add(record, bytes)
    at.stage = 'process'
  }
}

/** At least what the record takes on the wire. */
export function wireBytes(record: ProducerRecord, bytes: number): number {
  return bytes + RECORD_OVERHEAD + HEADER_OVERHEAD * (record.headers?.length ?? 0)
}

/** No value is no bytes, whatever the schema says: a tombstone. */
function encoderOf(topic: string, { converter, schema }: Side): ValueEncoder {
  const encode = converter.encoder(topic, schema)
  return (value) => (value === null || value === undefined ? null : encode(value))
}

function tooLarge(record: ProducerRecord, bytes: number, bytesMax: number): SluiceError {
  return new SluiceError('RECORD_TOO_LARGE', `A record for ${record.topic} is larger than ${bytesMax} bytes allow`, {
    place: { bytes, limit: bytesMax },
    remedy: 'Raise producer.max.request.size and the topic’s max.message.bytes, or make the record smaller.',
  })
}
