/**
 * The envelope of a quarantined record: headers of UTF-8 text around the original key, value and headers. Any tool can read it, and
 * sending the record back is byte exact.
 */
import { STAGES, type RawHeader, type Stage, type TimestampType } from '@sluice/sdk'
import type { Severity } from './definition.ts'
import { SEVERITIES, type Reason } from './verdict.ts'

/** The names of the envelope, in the order in which they are written. */
export const QUARANTINE_HEADERS = [
  'dq-id',
  'dq-origin-topic',
  'dq-origin-partition',
  'dq-origin-offset',
  'dq-origin-timestamp',
  'dq-origin-timestamp-type',
  'dq-flow',
  'dq-gate',
  'dq-gate-version',
  'dq-ruleset',
  'dq-stage',
  'dq-severity',
  'dq-reasons',
  'dq-attempt',
  'dq-first-seen',
  'dq-failed-at',
  'dq-worker',
  'dq-exception-class',
  'dq-exception-stack',
] as const

export type QuarantineHeader = (typeof QUARANTINE_HEADERS)[number]

/** Where a record came from. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number | null
  readonly timestampType: TimestampType
}

/** The envelope, read. What is missing or unreadable is null. */
export interface QuarantineEnvelope {
  /** A UUID of version 7, made when the record was first quarantined, and kept when it fails again. */
  readonly id: string
  /** Null when the record never was in Kafka: a source diverted it. */
  readonly origin: Origin | null
  readonly flow: string | null
  readonly gate: string | null
  readonly gateVersion: string | null
  /** `id@version sha256:fingerprint` */
  readonly ruleset: string | null
  readonly stage: Stage | null
  readonly severity: Severity | null
  readonly reasons: readonly Reason[]
  /** 1 for the first time; one more each time it came back and failed again. */
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly firstSeen: number | null
  readonly failedAt: number | null
  readonly worker: string | null
  readonly exceptionClass: string | null
  readonly exceptionStack: string | null
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A header of text. */
export function textHeader(key: string, text: string): RawHeader {
  return { key, value: encoder.encode(text) }
}

/** The headers of an envelope; what is null is left out. */
export function writeQuarantineHeaders(envelope: QuarantineEnvelope): RawHeader[] {
  const { origin } = envelope
  const texts: Readonly<Record<QuarantineHeader, string | null>> = {
    'dq-id': envelope.id,
    'dq-origin-topic': origin && origin.topic,
    'dq-origin-partition': origin && String(origin.partition),
    'dq-origin-offset': origin && String(origin.offset),
    'dq-origin-timestamp': origin?.timestamp == null ? null : String(origin.timestamp),
    'dq-origin-timestamp-type': origin && origin.timestampType,
    'dq-flow': envelope.flow,
    'dq-gate': envelope.gate,
    'dq-gate-version': envelope.gateVersion,
    'dq-ruleset': envelope.ruleset,
    'dq-stage': envelope.stage,
    'dq-severity': envelope.severity,
    'dq-reasons': JSON.stringify(envelope.reasons),
    'dq-attempt': String(envelope.attempt),
    'dq-first-seen': instant(envelope.firstSeen),
    'dq-failed-at': instant(envelope.failedAt),
    'dq-worker': envelope.worker,
    'dq-exception-class': envelope.exceptionClass,
    'dq-exception-stack': envelope.exceptionStack,
  }
  return QUARANTINE_HEADERS.flatMap((name) => (texts[name] === null ? [] : [textHeader(name, texts[name])]))
}

/**
 * Reads the envelope out of a record's headers, or null when there is none (no `dq-id`). Headers of others are passed over; what
 * cannot be read is null, since a record must be found again whoever has touched it. Of headers with one name the last counts.
 */
export function readQuarantineHeaders(headers: readonly RawHeader[] | null): QuarantineEnvelope | null {
  const texts = new Map<string, string>()
  for (const { key, value } of headers ?? [])
    if (key.startsWith('dq-') && value !== null) texts.set(key, decoder.decode(value))
  const text = (name: QuarantineHeader): string | null => texts.get(name) ?? null
  const id = text('dq-id')
  if (id === null || id === '') return null
  return {
    id,
    origin: originOf(text),
    flow: text('dq-flow'),
    gate: text('dq-gate'),
    gateVersion: text('dq-gate-version'),
    ruleset: text('dq-ruleset'),
    stage: STAGES.find((stage) => stage === text('dq-stage')) ?? null,
    severity: SEVERITIES.find((severity) => severity === text('dq-severity')) ?? null,
    reasons: reasonsOf(text('dq-reasons')),
    attempt: Math.max(1, count(text('dq-attempt')) ?? 1),
    firstSeen: instantOf(text('dq-first-seen')),
    failedAt: instantOf(text('dq-failed-at')),
    worker: text('dq-worker'),
    exceptionClass: text('dq-exception-class'),
    exceptionStack: text('dq-exception-stack'),
  }
}

/** Headers without an earlier envelope: a record that came back and fails again gets a new one in its place. */
export function withoutEnvelope(headers: readonly RawHeader[]): readonly RawHeader[] {
  if (!headers.some(({ key }) => key === 'dq-id')) return headers
  const names: ReadonlySet<string> = new Set(QUARANTINE_HEADERS)
  return headers.filter(({ key }) => !names.has(key))
}

function originOf(text: (name: QuarantineHeader) => string | null): Origin | null {
  const topic = text('dq-origin-topic')
  const partition = count(text('dq-origin-partition'))
  const offset = count(text('dq-origin-offset'))
  if (topic === null || partition === null || offset === null) return null
  const type = text('dq-origin-timestamp-type')
  const timestampType = type === 'create' || type === 'append' ? type : 'none'
  return { topic, partition, offset, timestamp: count(text('dq-origin-timestamp')), timestampType }
}

function count(text: string | null): number | null {
  return text !== null && /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
}

function instant(millis: number | null): string | null {
  return millis === null ? null : new Date(millis).toISOString()
}

function instantOf(text: string | null): number | null {
  const millis = text === null ? NaN : Date.parse(text)
  return Number.isNaN(millis) ? null : millis
}

/** Reasons as far as they can be read: an object with a code is one. */
function reasonsOf(text: string | null): Reason[] {
  if (text === null) return []
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return []
    const part = item as Readonly<Record<string, unknown>>
    if (typeof part['code'] !== 'string') return []
    const textOf = (name: string): string | null => (typeof part[name] === 'string' ? part[name] : null)
    const place = part['place']
    return [
      {
        check: textOf('check'),
        field: textOf('field'),
        code: part['code'],
        expected: textOf('expected'),
        actual: textOf('actual'),
        message: textOf('message') ?? '',
        severity: SEVERITIES.find((severity) => severity === part['severity']) ?? 'error',
        ruleFingerprint: textOf('ruleFingerprint'),
        ...(typeof place === 'object' && place !== null
          ? { place: place as Readonly<Record<string, string | number>> }
          : {}),
      },
    ]
  })
}
