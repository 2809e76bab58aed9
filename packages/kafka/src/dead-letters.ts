/**
 * A record that could not go on, as Kafka Connect writes it to a dead letter topic (KIP-298): the original key, value,
 * headers and time, and behind them what went wrong, as `__connect.errors.*` headers of UTF-8 text (invariant 4).
 */
import {
  DataError,
  ProjectionError,
  type RawHeader,
  RetriableError,
  SchemaError,
  SluiceError,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import type { ProducerRecord } from './port.ts'

/** The bytes as they came. For bytes that a source could not read, `value` holds them and the rest is null. */
export interface OriginalRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[] | null
  readonly timestamp: number | null
}

/** Where and why a record left its way. */
export interface DeadLetterContext {
  /** Where the record was consumed; null for one that never was in Kafka. */
  readonly origin: TopicPartitionOffset | null
  readonly connector: string
  readonly task: number
  /** Kafka Connect's word: see `connectStage` of the SDK. */
  readonly stage: string
  /** The class that refused the record: a task, a transform, a converter. */
  readonly className: string
  /** What it threw; null when nothing was thrown. */
  readonly error: unknown
}

const PREFIX = '__connect.errors.'

/** Longest message and stack trace kept, in characters: a dead letter must not outgrow the record limit by its own explanation. */
const TEXT_MAX = 16_384

/** The record for the dead letter topic. The partition is left to the partitioner, as in Connect. */
export function deadLetter(topic: string, original: OriginalRecord, context: DeadLetterContext): ProducerRecord {
  const headers: RawHeader[] = original.headers === null ? [] : [...original.headers]
  const add = (name: string, text: string | null): void => {
    headers.push({ key: PREFIX + name, value: text === null ? null : Buffer.from(text, 'utf8') })
  }
  const { origin, error } = context
  if (origin !== null) {
    add('topic', origin.topic)
    add('partition', String(origin.partition))
    add('offset', String(origin.offset))
  }
  add('connector.name', context.connector)
  add('task.id', String(context.task))
  add('stage', context.stage)
  add('class.name', context.className)
  if (error !== null && error !== undefined) {
    add('exception.class.name', className(error))
    add('exception.message', messageOf(error))
    add('exception.stacktrace', stackOf(error))
  }
  return {
    topic,
    partition: null,
    key: original.key,
    value: original.value,
    timestamp: original.timestamp,
    headers,
  }
}

/** Ours by the names of Kafka Connect's, which who sorts dead letters goes by; the narrower ones first. */
const CONNECT_ERRORS = [
  [SchemaError, 'SchemaBuilderException'],
  [ProjectionError, 'SchemaProjectorException'],
  [DataError, 'DataException'],
  [RetriableError, 'RetriableException'],
  [SluiceError, 'ConnectException'],
] as const

function className(error: unknown): string {
  const found = CONNECT_ERRORS.find(([ours]) => error instanceof ours)
  if (found !== undefined) return `org.apache.kafka.connect.errors.${found[1]}`
  return error instanceof Error ? error.name : typeof error
}

function messageOf(error: unknown): string | null {
  if (!(error instanceof Error)) return cut(String(error))
  const message = error instanceof SluiceError ? error.sentence : error.message
  return message === '' ? null : cut(message)
}

/** The stack with its causes, as Java prints them. */
function stackOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const parts: string[] = []
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; depth++) {
    parts.push(at.stack ?? `${at.name}: ${at.message}`)
    at = at.cause
  }
  return cut(parts.join('\nCaused by: '))
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`
}
