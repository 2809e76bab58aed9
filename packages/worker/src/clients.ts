/** Kafka's client settings, as operators write them (`producer.…`, `producer.override.…`), in the port's words. */
import { oneOf, atLeast, defineSettings, type RawSettings } from '@sluice/sdk'
import type { FetcherOptions, ProducerOptions } from '@sluice/kafka'

const producer = defineSettings({
  'compression.type': {
    type: 'string',
    default: 'none',
    validator: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    importance: 'medium',
    documentation: 'Compression of record batches.',
  },
  'batch.size': { type: 'int', default: 262_144, validator: atLeast(1), importance: 'medium', documentation: 'Most bytes of a batch.' },
  'linger.ms': { type: 'long', default: 0, validator: atLeast(0), importance: 'medium', documentation: 'How long a batch may wait for more.' },
  'buffer.memory': {
    type: 'long',
    default: 33_554_432,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'Most bytes waiting to be sent.',
  },
  'max.request.size': { type: 'int', default: 1_048_576, validator: atLeast(1), importance: 'medium', documentation: 'Most bytes of a record.' },
  'delivery.timeout.ms': { type: 'int', default: 120_000, validator: atLeast(1), importance: 'medium', documentation: 'Deadline of a record.' },
  'request.timeout.ms': { type: 'int', default: 30_000, validator: atLeast(1), importance: 'medium', documentation: 'Deadline of a request.' },
})

/** @throws SluiceError SETTINGS_INVALID */
export function producerOptions(raw: RawSettings): Required<Omit<ProducerOptions, 'inFlightMax'>> {
  const settings = producer.parse(raw)
  return {
    compression: settings['compression.type'],
    batchBytesMax: settings['batch.size'],
    lingerMs: settings['linger.ms'],
    bufferBytesMax: settings['buffer.memory'],
    requestBytesMax: settings['max.request.size'],
    deliveryTimeoutMs: settings['delivery.timeout.ms'],
    requestTimeoutMs: settings['request.timeout.ms'],
  }
}

const consumer = defineSettings({
  'isolation.level': {
    type: 'string',
    default: 'read_uncommitted',
    validator: oneOf('read_uncommitted', 'read_committed'),
    importance: 'medium',
    documentation: 'Whether records of open and aborted transactions are read.',
  },
  'fetch.max.bytes': { type: 'int', default: 8_388_608, validator: atLeast(1), importance: 'medium', documentation: 'Most bytes of a fetch.' },
  'max.partition.fetch.bytes': {
    type: 'int',
    default: 1_048_576,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'Most bytes of a fetch for one partition.',
  },
  'fetch.max.wait.ms': { type: 'int', default: 500, validator: atLeast(0), importance: 'low', documentation: 'How long a fetch may wait.' },
  'fetch.min.bytes': { type: 'int', default: 1, validator: atLeast(0), importance: 'medium', documentation: 'Fewest bytes worth an answer.' },
  'auto.offset.reset': {
    type: 'string',
    default: 'earliest',
    validator: oneOf('earliest', 'latest', 'none'),
    importance: 'medium',
    documentation: 'Where to go on when an offset is no longer there.',
  },
})

/** @throws SluiceError SETTINGS_INVALID */
export function fetcherOptions(raw: RawSettings): FetcherOptions {
  const settings = consumer.parse(raw)
  return {
    isolation: settings['isolation.level'],
    bytesMax: settings['fetch.max.bytes'],
    partitionBytesMax: settings['max.partition.fetch.bytes'],
    maxWaitMs: settings['fetch.max.wait.ms'],
    minBytes: settings['fetch.min.bytes'],
    reset: settings['auto.offset.reset'],
  }
}
