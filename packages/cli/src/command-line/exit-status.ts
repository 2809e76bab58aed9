/** What the exit status of a command says; those of Kafka Connect's own scripts are in commands/connect-worker.ts. */
import { SluiceError, type ErrorCode } from '@sluice/sdk'

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  unknown: 4,
  differs: 1,
  invalid: 6,
  unauthorised: 7,
  late: 8,
  interrupted: 130,
} as const

/** For the reference page. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  failed: 'It failed, in a way that has no number of its own.',
  usage: 'The command was called wrong; nothing was done.',
  unreachable:
    'No Connect worker, no Kafka or no schema registry can be reached: nobody there, no answer in time, or something else answers.',
  unknown: 'There is no such connector, task, plugin, logger, topic, subject or schema.',
  differs: '`diff`: what is there differs from the files. A failure that has no number of its own is 2 there.',
  invalid: 'The settings, the request, or the schema, are refused as invalid.',
  unauthorised: 'User and password, or the certificate, are not accepted.',
  late: 'It did not come about in time: a state that was waited for, or the end of a rebalance.',
  interrupted: 'Interrupted by Ctrl-C or a signal.',
}

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  USAGE_INVALID: EXIT.usage,
  SETTINGS_INVALID: EXIT.usage,
  WORKER_UNREACHABLE: EXIT.unreachable,
  KAFKA_UNREACHABLE: EXIT.unreachable,
  KAFKA_TIMEOUT: EXIT.unreachable,
  REGISTRY_UNREACHABLE: EXIT.unreachable,
  CONNECT_UNKNOWN: EXIT.unknown,
  OBJECT_MISSING: EXIT.unknown,
  SCHEMA_UNKNOWN: EXIT.unknown,
  SUBJECT_UNKNOWN: EXIT.unknown,
  CONNECT_INVALID: EXIT.invalid,
  SCHEMA_INVALID: EXIT.invalid,
  SCHEMA_INCOMPATIBLE: EXIT.invalid,
  WORKER_AUTHENTICATION: EXIT.unauthorised,
  KAFKA_AUTHENTICATION: EXIT.unauthorised,
  REGISTRY_AUTHENTICATION: EXIT.unauthorised,
  WORKER_BUSY: EXIT.late,
  WAIT_TIMED_OUT: EXIT.late,
  INTERRUPTED: EXIT.interrupted,
}

export function exitStatusOf(error: unknown): number {
  return error instanceof SluiceError ? (BY_CODE[error.code] ?? EXIT.failed) : EXIT.failed
}
