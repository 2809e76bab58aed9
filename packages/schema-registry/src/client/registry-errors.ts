import { type ErrorCode, SluiceError } from '@sluice/sdk'
import type { RestAnswer } from '../rest.ts'

/** Registries say more than one line about what is incompatible; a log must be able to hold it. */
const MESSAGE_MAX = 4000

interface Kind {
  readonly code: ErrorCode
  readonly remedy: string
}

const AUTHENTICATION: Kind = {
  code: 'REGISTRY_AUTHENTICATION',
  remedy: 'Check basic.auth.user.info or bearer.auth.token, and what this user may do.',
}
const UNREACHABLE: Kind = { code: 'REGISTRY_UNREACHABLE', remedy: 'Look after the registry; it is asked again.' }
const REFUSED: Kind = {
  code: 'REGISTRY_REFUSED',
  remedy: 'Look up this error code in the documentation of the registry.',
}

const BY_ERROR_CODE: Readonly<Record<number, Kind>> = {
  40401: {
    code: 'SUBJECT_UNKNOWN',
    remedy: 'Register a schema under this subject, or check the subject name strategy.',
  },
  40402: { code: 'SCHEMA_UNKNOWN', remedy: 'Ask for a version that the subject has.' },
  40403: {
    code: 'SCHEMA_UNKNOWN',
    remedy:
      'Check that this is the registry that the records were written with; divert them with errors.tolerance=all.',
  },
  409: {
    code: 'SCHEMA_INCOMPATIBLE',
    remedy: 'Change the schema so that it fits the earlier versions, or lower the compatibility level of the subject.',
  },
  42201: { code: 'SCHEMA_INVALID', remedy: 'Correct the schema, or give the schemas that it refers to as references.' },
}

/** Whether another try, or another registry of the list, may do better. */
export function isWorthAnotherTry({ status }: RestAnswer): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501)
}

/** What an answer other than the one that was asked for means. */
export function refusalOf(answer: RestAnswer, what: string): SluiceError {
  const { status } = answer
  const { error_code: errorCode = status, message } = (answer.body ?? {}) as { error_code?: number; message?: unknown }
  const { code, remedy } =
    status === 401 || status === 403
      ? AUTHENTICATION
      : isWorthAnotherTry(answer)
        ? UNREACHABLE
        : (BY_ERROR_CODE[errorCode] ?? REFUSED)
  const said = typeof message === 'string' && message !== '' ? `: ${message.slice(0, MESSAGE_MAX)}` : ''
  return new SluiceError(code, `The schema registry answered ${status} to ${what}${said}`, {
    remedy,
    retriable: code === 'REGISTRY_UNREACHABLE',
    place: { error_code: errorCode },
  })
}

/** An answer of 200 that is not what the registry's protocol says. */
export function malformed(what: string): SluiceError {
  return new SluiceError('REGISTRY_REFUSED', `What answered ${what} is no schema registry`, {
    remedy: 'Check schema.registry.url: it may lead to another server, or to a proxy.',
  })
}
