/** The records of Connect's status topic: what they mean, and their bytes, which are Kafka Connect's own. */
import { DataError } from '@sluice/sdk'
import type { TaskId, WorkState } from '../herder/herder.ts'
import {
  asRecord,
  countField,
  field,
  keyText,
  optionalTextField,
  readJsonRecord,
  textField,
  wholeField,
  writeJson,
  type JsonRecord,
} from './record-json.ts'
import type { StoredStatus, TopicUse } from './status-store.ts'
import type { LogEntry } from './topic-log.ts'

/** Null: it is forgotten. */
export type StatusRecord =
  | { readonly kind: 'connector'; readonly connector: string; readonly status: StoredStatus | null }
  | { readonly kind: 'task'; readonly id: TaskId; readonly status: StoredStatus | null }
  | { readonly kind: 'topic'; readonly connector: string; readonly topic: string; readonly use: TopicUse | null }

const CONNECTOR = 'status-connector-'
const TASK = 'status-task-'
const TOPIC = 'status-topic-'
const OF_CONNECTOR = ':connector-'

const STATES: readonly WorkState[] = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED']

/** The text of a record's key: what it is about. */
export function statusKey(record: StatusRecord): string {
  switch (record.kind) {
    case 'connector':
      return CONNECTOR + record.connector
    case 'task':
      return `${TASK}${record.id.connector}-${record.id.task}`
    case 'topic':
      break
  }
  return TOPIC + record.topic + OF_CONNECTOR + record.connector
}

export function encodeStatusRecord(record: StatusRecord): LogEntry {
  const fields = record.kind === 'topic' ? useFields(record.use) : statusFields(record.status)
  return { key: Buffer.from(statusKey(record), 'utf8'), value: fields === null ? null : writeJson(fields) }
}

/** @throws DataError for a record that means nothing to this version; its message ends a sentence */
export function decodeStatusRecord(bytes: Uint8Array | null, value: Uint8Array | null): StatusRecord {
  const key = keyText(bytes)
  if (key.startsWith(CONNECTOR)) {
    const connector = key.slice(CONNECTOR.length)
    if (connector === '') throw new DataError('its key names no connector')
    return { kind: 'connector', connector, status: status(value) }
  }
  if (key.startsWith(TASK)) {
    // The name may have dashes; the number stands behind the last one.
    const [, connector, task] = /^(.+)-(\d{1,9})$/s.exec(key.slice(TASK.length)) ?? []
    if (connector === undefined) throw new DataError('its key names no task')
    return { kind: 'task', id: { connector, task: Number(task) }, status: status(value) }
  }
  if (key.startsWith(TOPIC)) {
    // Names of topics have no colons.
    const [, topic, connector] = /^([^:]+):connector-(.+)$/s.exec(key.slice(TOPIC.length)) ?? []
    if (topic === undefined || connector === undefined) throw new DataError('its key names no topic of a connector')
    return { kind: 'topic', connector, topic, use: topicUse(value) }
  }
  throw new DataError('its key is unknown: it may come from a newer version')
}

function statusFields(status: StoredStatus | null): JsonRecord | null {
  if (status === null || status.state === 'DESTROYED') return null
  const { state, trace, workerId, generation, version } = status
  return { state, trace, worker_id: workerId, generation, version }
}

function useFields(use: TopicUse | null): JsonRecord | null {
  if (use === null) return null
  const { topic, connector, task, discoveredAt } = use
  return { topic: { name: topic, connector, task, discoverTimestamp: discoveredAt } }
}

function status(value: Uint8Array | null): StoredStatus | null {
  if (value === null) return null
  const record = readJsonRecord(value)
  const text = textField(record, 'state')
  const state = STATES.find((known) => known === text)
  if (state === undefined) throw new DataError('its state is unknown: it may come from a newer version')
  return {
    state,
    trace: optionalTextField(record, 'trace'),
    workerId: textField(record, 'worker_id'),
    generation: wholeField(record, 'generation'),
    version: optionalTextField(record, 'version'),
  }
}

function topicUse(value: Uint8Array | null): TopicUse | null {
  if (value === null) return null
  const record = asRecord(field(readJsonRecord(value), 'topic'), 'its field topic')
  return {
    topic: textField(record, 'name'),
    connector: textField(record, 'connector'),
    task: countField(record, 'task'),
    discoveredAt: wholeField(record, 'discoverTimestamp'),
  }
}
