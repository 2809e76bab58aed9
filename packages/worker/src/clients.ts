/** Kafka's client settings, as operators write them (`producer.…`, `producer.override.…`), in the port's words. */
import { oneOf, atLeast, defineSettings, invalidValue, type RawSettings } from '@sluice/sdk'
import type { FetcherOptions, ProducerOptions } from '@sluice/kafka'
import { memberSettings } from './member-settings.ts'

/** The smallest batch that the producer makes. */
const BATCH_BYTES_MIN = 1024

/** More requests under way could change the order of records when one is repeated. */
const IN_FLIGHT_MAX = 5

/** Room above the largest record for the headers that say why it is a dead letter. */
const LETTER_ROOM_BYTES = 131_072

/** What may stand below `producer.` in the worker's file, and below `producer.override.` in a connector's. */
export const producerSettings = defineSettings(
  {
    'compression.type': {
      type: 'string',
      default: 'none',
      validator: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
      importance: 'medium',
      documentation: 'Compression of record batches.',
    },
    'batch.size': {
      type: 'int',
      default: 262_144,
      validator: atLeast(0),
      importance: 'medium',
      documentation: 'Most bytes of a batch; less than 1024 counts as 1024.',
    },
    'linger.ms': {
      type: 'long',
      default: 0,
      validator: atLeast(0),
      importance: 'medium',
      documentation: 'How long a batch may wait for more.',
    },
    'buffer.memory': {
      type: 'long',
      default: 33_554_432,
      validator: atLeast(1),
      importance: 'medium',
      documentation: 'Most bytes waiting to be sent; no less than batch.size and max.request.size.',
    },
    'max.request.size': {
      type: 'int',
      default: 1_048_576,
      validator: atLeast(1),
      importance: 'medium',
      documentation: 'Most bytes of a record.',
    },
    'delivery.timeout.ms': {
      type: 'int',
      default: 120_000,
      validator: atLeast(1),
      importance: 'medium',
      documentation: 'Deadline of a record.',
    },
    'request.timeout.ms': {
      type: 'int',
      default: 30_000,
      validator: atLeast(1),
      importance: 'medium',
      documentation: 'Deadline of a request.',
    },
    'max.in.flight.requests.per.connection': {
      type: 'int',
      default: 5,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'Requests under way to a broker; more than 5 count as 5, so that order is kept.',
    },
    'transaction.timeout.ms': {
      type: 'int',
      default: null,
      validator: atLeast(1),
      importance: 'low',
      documentation:
        'How long a transaction may be open before the broker aborts it. Not given: 60000, or twice transaction.boundary.interval.ms where that is longer.',
    },
    'client.id': {
      type: 'string',
      default: null,
      importance: 'low',
      documentation:
        "How the producer names itself to the brokers. Not given: as Kafka Connect's, by connector and task.",
    },
    acks: {
      type: 'string',
      default: 'all',
      validator: oneOf('all', '-1', '0', '1'),
      importance: 'low',
      documentation: 'Records are always acknowledged by all in-sync replicas, whatever is said here.',
    },
    'enable.idempotence': {
      type: 'boolean',
      default: true,
      importance: 'low',
      documentation: 'Always so, whatever is said here.',
    },
  },
  {
    *check(settings) {
      const least = Math.max(settings['batch.size'], BATCH_BYTES_MIN, settings['max.request.size'])
      const memory = settings['buffer.memory']
      if (memory < least)
        yield {
          setting: 'buffer.memory',
          message: invalidValue(
            'buffer.memory',
            memory,
            `Value must be at least batch.size and max.request.size, here ${least}`,
          ),
        }
    },
  },
)

/** The options of a task's producer, and how large its own records may be: dead letters may be larger by what is said about them. */
export interface ProducerLimits {
  readonly options: Required<Omit<ProducerOptions, 'clientId' | 'compressionLevel'>>
  readonly recordBytesMax: number
  /** Null: nobody says. */
  readonly clientId: string | null
  readonly transactionTimeoutMs: number | null
}

/** @throws SluiceError SETTINGS_INVALID */
export function producerLimits(raw: RawSettings): ProducerLimits {
  const settings = producerSettings.parse(raw)
  const recordBytesMax = settings['max.request.size']
  return {
    options: {
      compression: settings['compression.type'],
      batchBytesMax: Math.max(settings['batch.size'], BATCH_BYTES_MIN),
      lingerMs: settings['linger.ms'],
      bufferBytesMax: settings['buffer.memory'] + LETTER_ROOM_BYTES,
      requestBytesMax: recordBytesMax + LETTER_ROOM_BYTES,
      deliveryTimeoutMs: settings['delivery.timeout.ms'],
      requestTimeoutMs: settings['request.timeout.ms'],
      inFlightMax: Math.min(settings['max.in.flight.requests.per.connection'], IN_FLIGHT_MAX),
    },
    recordBytesMax,
    clientId: settings['client.id'],
    transactionTimeoutMs: settings['transaction.timeout.ms'],
  }
}

/** How records are read. */
const readingSettings = defineSettings({
  'isolation.level': {
    type: 'string',
    default: 'read_uncommitted',
    validator: oneOf('read_uncommitted', 'read_committed'),
    importance: 'medium',
    documentation: 'Whether records of open and aborted transactions are read.',
  },
  'fetch.max.bytes': {
    type: 'int',
    default: 2_097_152,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'Most bytes of a fetch.',
  },
  'max.partition.fetch.bytes': {
    type: 'int',
    default: 1_048_576,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'Most bytes of a fetch for one partition.',
  },
  'fetch.max.wait.ms': {
    type: 'int',
    default: 500,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'How long a fetch may wait.',
  },
  'fetch.min.bytes': {
    type: 'int',
    default: 1,
    validator: atLeast(0),
    importance: 'medium',
    documentation: 'Fewest bytes worth an answer.',
  },
  'auto.offset.reset': {
    type: 'string',
    default: 'earliest',
    validator: oneOf('earliest', 'latest', 'none'),
    importance: 'medium',
    documentation:
      'Where to begin without a committed offset, and where to go on when an offset is no longer there; none: fail.',
  },
})

/** What may stand below `consumer.` in the worker's file, and below `consumer.override.` in a connector's. */
export const consumerSettings = readingSettings.extend(memberSettings)

/**
 * What a sink task is given at once, decompressed. Records and bytes are garbage after their put, which costs least while V8 has them
 * among its new objects: of 8 MiB at a time a lake task takes a sixth more CPU, and 80 MiB more at its peak.
 */
const POLL_BYTES_MAX = 524_288

/** The options of a sink task's fetcher. */
export interface TaskFetcherOptions extends Required<
  Pick<FetcherOptions, 'isolation' | 'bytesMax' | 'pollBytesMax' | 'partitionBytesMax' | 'maxWaitMs' | 'minBytes'>
> {
  readonly reset: 'earliest' | 'latest' | 'none'
}

/** @throws SluiceError SETTINGS_INVALID */
export function fetcherOptions(raw: RawSettings): TaskFetcherOptions {
  const settings = consumerSettings.parse(raw)
  return {
    isolation: settings['isolation.level'],
    bytesMax: settings['fetch.max.bytes'],
    pollBytesMax: POLL_BYTES_MAX,
    partitionBytesMax: settings['max.partition.fetch.bytes'],
    maxWaitMs: settings['fetch.max.wait.ms'],
    minBytes: settings['fetch.min.bytes'],
    reset: settings['auto.offset.reset'],
  }
}
