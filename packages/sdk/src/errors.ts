/**
 * One class of error for the whole platform. An error says what happened and where (`message`), what caused it (`cause`),
 * what to do about it (`remedy`), and whether trying the same thing again can help (`retriable`).
 *
 * Subclasses exist only where code must tell kinds apart: whoever catches decides by class, whoever reads decides by `code`.
 */

import { inspect } from 'node:util'

/** Facts about an error beyond its sentence. `place` locates the bad value: file, line, column, topic, partition, offset, field… */
export interface ErrorFacts {
  readonly cause?: unknown
  /** What the reader can do about it: one imperative sentence. */
  readonly remedy?: string
  /** Whether the same operation may succeed later. Default: false. */
  readonly retriable?: boolean
  /** Where the bad value is. Printed behind the sentence as `(file=orders.csv, line=7)`. */
  readonly place?: Readonly<Record<string, string | number>>
}

/** The catalogue: every code, when it is raised, in one sentence. `docs/reference/errors.md` is generated from it. */
export const ERROR_CODES = {
  SETTINGS_INVALID:
    'One or more settings are missing, unknown in type, or out of range; all problems are listed at once.',
  PLUGIN_UNKNOWN: 'A connector, converter, transform or processor class is not among the loaded plugins.',
  SCHEMA_INVALID: 'A schema contradicts itself: duplicate field, default of the wrong type, element schema missing.',
  SCHEMA_PROJECTION: 'A value written with one schema cannot be read with another.',
  VALUE_INVALID: 'A value does not match its schema.',
  DATA_INVALID: 'Bytes or a value cannot be read, converted or transformed.',
  SOURCE_DIVERTED: 'The source met data it cannot read, and no dead letter topic takes it.',
  SOURCE_UNAVAILABLE:
    'A source system cannot be read: missing file, a directory where a file is expected, no permission.',
  RECORD_TOO_LARGE: 'A record exceeds the largest size that is allowed on its way.',
  KAFKA_UNREACHABLE: 'No broker answered in time.',
  KAFKA_REFUSED: 'The broker answered a request with an error code.',
  KAFKA_AUTHENTICATION: 'A broker and this client do not accept each other: credentials, mechanism, or certificates.',
  KAFKA_TIMEOUT: 'A request or a delivery was not answered before its deadline; its outcome is unknown.',
  KAFKA_FENCED: 'A newer owner has taken over; this one must stop.',
  KAFKA_TRANSACTION_ABORTABLE:
    'Something of a transaction failed: it must be aborted, after which the producer can go on.',
  KAFKA_TRANSACTION_STATE: 'A transaction was used out of turn, as in a commit without a begin; nothing was done.',
  KAFKA_PROTOCOL: 'A broker sent bytes that are not the protocol.',
  OFFSET_OUT_OF_RANGE:
    'A position lies outside of what the partition still holds, and no reset policy allows to move it.',
  LOG_TRUNCATED:
    'A partition lost records that had been read (an unclean leader election, or a restored log): what was read and what is there differ.',
  TOPIC_RECREATED:
    'A topic was deleted and created again under its name: positions in the old one mean nothing in the new one.',
  POSITION_UNREADABLE: 'A stored position cannot be understood by the connector that wrote it.',
  REGISTRY_UNREACHABLE: 'No schema registry answered in time, or it is not able to answer now.',
  REGISTRY_AUTHENTICATION: 'A schema registry does not accept the credentials or the certificate of this client.',
  REGISTRY_REFUSED: 'A schema registry refused a request, or answered what is not its protocol.',
  SCHEMA_UNKNOWN: 'A schema registry has no schema of this id, or no such version of the subject.',
  SUBJECT_UNKNOWN: 'A schema registry has no subject of this name.',
  SCHEMA_INCOMPATIBLE:
    'A schema cannot become a version of its subject: the compatibility level of the subject forbids it.',
  USAGE_INVALID: 'A command was called with arguments that it does not know, or without some that it needs.',
  WORKER_UNREACHABLE: 'No Connect worker answered in time: there is none, it hangs, or something else listens there.',
  WORKER_AUTHENTICATION:
    'A Connect worker does not accept the credentials of this client, or the client not its certificate.',
  WORKER_BUSY: 'A Connect worker cannot do it now, as while its group rebalances; nothing was done.',
  WORKER_REFUSED: 'A Connect worker answered with an error that has no name of its own here.',
  CONNECT_UNKNOWN: 'A Connect worker has no such connector, task, plugin, logger or endpoint.',
  CONNECT_INVALID: 'A Connect worker refuses settings or a request as invalid.',
  WAIT_TIMED_OUT: 'What a command waited for did not come about in time; it may still come.',
  GATE_HALTED: 'A quality gate stopped the flow before the offending record; nothing after it was committed.',
  GATE_RULES_INVALID: 'A rule set is wrong: unknown check, bad parameter, expression that does not compile.',
  TABLE_CONFLICT: 'Another writer committed something that this commit contradicts.',
  TABLE_FENCED: 'Another writer of the same partition has committed; this one must stop.',
  TABLE_UNSUPPORTED: 'The table needs a feature that this writer does not have.',
  TABLE_SCHEMA: 'A row or a schema does not fit the table.',
  TABLE_LIMIT: 'A commit to a table would be larger than the settings allow.',
  ENCODER_LOST: 'A thread that encoded files ended or failed, and what it held is gone; the rows are read again.',
  OBJECT_MISSING: 'An object that must exist is not there.',
  STORE_UNAVAILABLE: 'An object store or a file system refused or did not answer.',
  TOPOLOGY_INVALID: 'A topology is wrong: a node without a name, an unknown topic, a cycle.',
  STATE_LOCKED: 'The state directory of a task is in use by another process.',
  STATE_TORN:
    'The state of a task on disk is not whole: cut short, half copied, or in use when the machine stopped. It can be restored.',
  STATE_FOREIGN:
    'The state on disk was written by another task, a later version, or a topology that kept the store as something else.',
  STATE_DISK_FULL:
    'The state of a task cannot be written, because the disk is full; what was committed before is whole.',
  CHANGELOG_TRUNCATED:
    'Records of a store’s changelog are gone, at its beginning or its end, and nothing else brings them back: the state would not be whole.',
  SNAPSHOT_UNUSABLE:
    'A snapshot of a task’s state is torn, corrupted, foreign, of another format, or does not fit its changelogs: the next older one is used, then the changelogs.',
  SAVEPOINT_REFUSED:
    'A savepoint cannot be taken, or nothing can be started from it, as things are; nothing was changed.',
  TASK_FAILED: 'A task stopped on an error.',
  TASKS_TOO_MANY: 'A connector made more tasks than tasks.max allows.',
  CELL_ENDED: 'The process in which a connector ran has ended: it crashed, hung, exited or used too much memory.',
  CELL_TIMEOUT: 'A connector did not answer a question of the worker in time.',
  CELL_BUSY: 'So many questions of the worker wait for answers of a connector that no more are put to it.',
  STOP_TIMED_OUT: 'Something did not stop before its deadline.',
  INTERRUPTED: 'The work was stopped on request before it was complete.',
  INTERNAL: 'A promise of the code itself is broken; please report it.',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** The platform's error. `message` reads as a sentence and names the place; `remedy` is a sentence of its own. */
export class SluiceError extends Error {
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly retriable: boolean
  readonly place: Readonly<Record<string, string | number>> | undefined
  /** The message without the place: what Kafka Connect says there, where it has words for it. */
  readonly sentence: string

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(withPlace(message, facts.place), facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = new.target.name
    this.code = code
    this.remedy = facts.remedy
    this.retriable = facts.retriable ?? false
    this.place = facts.place
    this.sentence = message
  }
}

/** Kafka Connect's RetriableException: trying again later may help (a `put` or a stage is repeated, not failed). */
export class RetriableError extends SluiceError {
  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(code, message, { ...facts, retriable: true })
  }
}

/**
 * A converter needs what is not in memory yet, as the schema of an id that it has not met. It is no failure: whoever moves records
 * waits for `ready` and gives the same record again. What `ready` rejects with is what the record fails with.
 */
export class NotReadyError extends RetriableError {
  readonly ready: (signal: AbortSignal) => Promise<unknown>

  constructor(message: string, ready: (signal: AbortSignal) => Promise<unknown>) {
    super('REGISTRY_UNREACHABLE', message)
    this.ready = ready
  }
}

/** Kafka Connect's DataException: this one record is bad; others are not. A tolerant task diverts the record and goes on. */
export class DataError extends SluiceError {
  constructor(message: string, facts: ErrorFacts & { readonly code?: ErrorCode } = {}) {
    super(facts.code ?? 'DATA_INVALID', message, facts)
  }
}

/** A value contradicts its schema (Connect's DataException from `ConnectSchema.validateValue`). */
export class ValueError extends DataError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, { ...facts, code: 'VALUE_INVALID' })
  }
}

/** A schema contradicts itself (Connect's SchemaBuilderException). */
export class SchemaError extends DataError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, { ...facts, code: 'SCHEMA_INVALID' })
  }
}

/** A value cannot be carried from one schema to another (Connect's SchemaProjectorException). */
export class ProjectionError extends DataError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, { ...facts, code: 'SCHEMA_PROJECTION' })
  }
}

/** Whether doing the same again may help. Errors that are not ours are not retried: nobody promised that they pass. */
export function isRetriable(error: unknown): boolean {
  return error instanceof SluiceError && error.retriable
}

/** The sentence of any thrown thing, with the chain of causes and the remedy: for logs and for people. */
export function describeError(error: unknown): string {
  const what = describeCauses(error)
  const remedy = chain(error).find((at) => at instanceof SluiceError && at.remedy !== undefined)
  return remedy instanceof SluiceError ? `${what}\n  What to do: ${remedy.remedy}` : what
}

/** The same without the remedy. */
export function describeCauses(error: unknown): string {
  const sentences = chain(error).map((at) =>
    at instanceof Error ? at.message || at.name : typeof at === 'string' ? at : inspect(at),
  )
  return [...new Set(sentences)].join('; because: ')
}

/** An error and its causes. */
function chain(error: unknown): unknown[] {
  const errors: unknown[] = []
  for (let at = error; at !== undefined && at !== null && errors.length < 6;) {
    errors.push(at)
    at = at instanceof Error ? at.cause : undefined
  }
  return errors
}

function withPlace(message: string, place: ErrorFacts['place']): string {
  if (place === undefined) return message
  const parts = Object.entries(place).map(([key, value]) => `${key}=${value}`)
  return parts.length === 0 ? message : `${message} (${parts.join(', ')})`
}
