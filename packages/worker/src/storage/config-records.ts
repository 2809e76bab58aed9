/** The records of Connect's config topic: what they mean, and their bytes, which are Kafka Connect's own. */
import { DataError, type RawSettings } from '@sluice/sdk'
import type { RestartRequest, TargetState, TaskId } from '../herder/herder.ts'
import type { SessionKey } from './config-store.ts'
import {
  asRecord,
  countField,
  field,
  keyText,
  readJsonRecord,
  textField,
  writeJson,
  type JsonRecord,
} from './record-json.ts'
import type { LogEntry } from './topic-log.ts'

export type ConfigRecord =
  /** Null: the connector is deleted. */
  | { readonly kind: 'connector'; readonly connector: string; readonly config: RawSettings | null }
  /** Counts from the next commit on. */
  | { readonly kind: 'task'; readonly id: TaskId; readonly config: RawSettings }
  | { readonly kind: 'commit'; readonly connector: string; readonly tasks: number }
  | { readonly kind: 'target-state'; readonly connector: string; readonly state: TargetState | null }
  | { readonly kind: 'restart'; readonly request: RestartRequest }
  | { readonly kind: 'fencing'; readonly connector: string; readonly tasks: number }
  | { readonly kind: 'session-key'; readonly key: SessionKey }
  | { readonly kind: 'logger'; readonly namespace: string; readonly level: string }

const CONNECTOR = 'connector-'
const TASK = 'task-'
const COMMIT = 'commit-'
const TARGET_STATE = 'target-state-'
const RESTART = 'restart-connector-'
const FENCING = 'tasks-fencing-'
const SESSION_KEY = 'session-key'
const LOGGER = 'logger-cluster-'

const TARGET_STATES: readonly TargetState[] = ['STARTED', 'PAUSED', 'STOPPED']

export function encodeConfigRecord(record: ConfigRecord): LogEntry {
  switch (record.kind) {
    case 'connector':
      return entry(CONNECTOR + record.connector, record.config === null ? null : { properties: record.config })
    case 'task':
      return entry(`${TASK}${record.id.connector}-${record.id.task}`, { properties: record.config })
    case 'commit':
      return entry(COMMIT + record.connector, { tasks: record.tasks })
    case 'target-state':
      return entry(TARGET_STATE + record.connector, record.state === null ? null : stateFields(record.state))
    case 'restart': {
      const { connector, includeTasks, onlyFailed } = record.request
      return entry(RESTART + connector, { 'include-tasks': includeTasks, 'only-failed': onlyFailed })
    }
    case 'fencing':
      return entry(FENCING + record.connector, { 'task-count': record.tasks })
    case 'session-key': {
      const { key, algorithm, createdAt } = record.key
      return entry(SESSION_KEY, {
        key: Buffer.from(key).toString('base64'),
        algorithm,
        'creation-timestamp': createdAt,
      })
    }
    case 'logger':
      break
  }
  return entry(LOGGER + record.namespace, { level: record.level })
}

/** @throws DataError for a record that means nothing to this version; its message ends a sentence */
export function decodeConfigRecord(bytes: Uint8Array | null, value: Uint8Array | null): ConfigRecord {
  const key = keyText(bytes)
  const behind = (prefix: string): string | null => (key.startsWith(prefix) ? key.slice(prefix.length) : null)
  let name: string | null
  if ((name = behind(TARGET_STATE)) !== null)
    return { kind: 'target-state', connector: name, state: value === null ? null : targetState(readJsonRecord(value)) }
  if ((name = behind(CONNECTOR)) !== null)
    return { kind: 'connector', connector: name, config: value === null ? null : properties(readJsonRecord(value)) }
  if ((name = behind(TASK)) !== null)
    return { kind: 'task', id: taskId(name), config: properties(readJsonRecord(value)) }
  if ((name = behind(COMMIT)) !== null)
    return { kind: 'commit', connector: name, tasks: countField(readJsonRecord(value), 'tasks') }
  if ((name = behind(RESTART)) !== null) return { kind: 'restart', request: restart(name, readJsonRecord(value)) }
  if ((name = behind(FENCING)) !== null)
    return { kind: 'fencing', connector: name, tasks: countField(readJsonRecord(value), 'task-count') }
  if (key === SESSION_KEY) return { kind: 'session-key', key: sessionKey(readJsonRecord(value)) }
  if ((name = behind(LOGGER)) !== null)
    return { kind: 'logger', namespace: name, level: textField(readJsonRecord(value), 'level') }
  throw new DataError('its key is unknown: it may come from a newer version')
}

function entry(key: string, value: JsonRecord | null): LogEntry {
  return { key: Buffer.from(key, 'utf8'), value: value === null ? null : writeJson(value) }
}

/** Workers before 3.5 know PAUSED alone. */
function stateFields(state: TargetState): JsonRecord {
  return { state: state === 'STOPPED' ? 'PAUSED' : state, 'state.v2': state }
}

function targetState(record: JsonRecord): TargetState {
  const newer = field(record, 'state.v2')
  const text = typeof newer === 'string' ? newer : textField(record, 'state')
  const state = TARGET_STATES.find((known) => known === text)
  if (state === undefined) throw new DataError('its target state is unknown: it may come from a newer version')
  return state
}

/** Settings without a value count as not given. */
function properties(record: JsonRecord): RawSettings {
  const given = asRecord(field(record, 'properties'), 'its field properties')
  let hasNull = false
  for (const [name, value] of Object.entries(given)) {
    if (value === null) hasNull = true
    else if (typeof value !== 'string') throw new DataError(`its property ${name} is no text`)
  }
  const settings = given as Readonly<Record<string, string>>
  return hasNull ? Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) : settings
}

/** The name may have dashes; the number stands behind the last one. */
function taskId(text: string): TaskId {
  const [, connector, task] = /^(.+)-(\d{1,9})$/s.exec(text) ?? []
  if (connector === undefined) throw new DataError('its key names no task')
  return { connector, task: Number(task) }
}

function restart(connector: string, record: JsonRecord): RestartRequest {
  const is = (name: string): boolean => field(record, name) === true
  return { connector, onlyFailed: is('only-failed'), includeTasks: is('include-tasks') }
}

function sessionKey(record: JsonRecord): SessionKey {
  const key = Buffer.from(textField(record, 'key'), 'base64')
  if (key.length === 0) throw new DataError('its field key is no base64')
  return { key, algorithm: textField(record, 'algorithm'), createdAt: countField(record, 'creation-timestamp') }
}
