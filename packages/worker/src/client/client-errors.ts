/** What can go wrong between a client and a worker, each as an error with a name and a remedy. */
import { RetriableError, SluiceError } from '@sluice/sdk'
import type { Endpoint } from '../rest/contract.ts'
import type { RawAnswer } from './exchange.ts'

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH)/
const WRONG_SCHEME = /^(EPROTO|HPE_)|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG/
/** Kafka Connect answers these with 500 where it validates, and with 400 where it creates. */
const NO_SUCH_CLASS = /Failed to find any class|contains no connector type/

/** An answer that did not come. */
export function unreachable(server: string, cause: unknown, timeoutMs: number): SluiceError {
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new RetriableError(
      'WORKER_UNREACHABLE',
      `The Connect worker at ${server} did not answer within ${timeoutMs} ms`,
      {
        remedy: 'Look at what the worker does (its log, /health), or give it more time with --timeout.',
      },
    )
  }
  const code = (cause as { readonly code?: unknown } | null)?.code
  const name = typeof code === 'string' ? code : ''
  if (WRONG_SCHEME.test(name)) {
    return new SluiceError(
      'WORKER_UNREACHABLE',
      `What listens at ${server} does not speak ${new URL(server).protocol.slice(0, -1)}`,
      {
        cause,
        remedy: 'Give the other of http:// and https://, or the port of a Connect worker.',
      },
    )
  }
  if (TLS_CODES.test(name)) {
    return new SluiceError('WORKER_AUTHENTICATION', `The certificate of ${server} is not trusted (${name})`, {
      cause,
      remedy: 'Give the certificate of its authority with --cacert, and the name that is in the certificate.',
    })
  }
  const why =
    name === 'ENOTFOUND' || name === 'EAI_AGAIN' ? 'its name is not known' : 'it is not there, or ended the connection'
  return new RetriableError(
    'WORKER_UNREACHABLE',
    `No Connect worker can be reached at ${server}: ${why}${name === '' ? '' : ` (${name})`}`,
    {
      ...(name === '' && { cause }),
      remedy: 'Start a worker there, or give the address of one with --server or SLUICE_CONNECT.',
    },
  )
}

/** An answer that is no answer of Connect's REST API. */
export function notAWorker(server: string, request: string, { status, contentType }: RawAnswer): SluiceError {
  const what = contentType === '' ? 'no JSON' : contentType
  const behindProxy = status === 502 || status === 503 || status === 504
  return new SluiceError(
    'WORKER_UNREACHABLE',
    `${server} answers ${request} with ${status} and ${what}, which is not Connect’s REST API`,
    {
      remedy: request.includes('%2F')
        ? 'Kafka Connect refuses names with a slash in this way: give such a connector another name.'
        : behindProxy
          ? 'A proxy answered for a worker that it does not reach: look whether the worker runs.'
          : 'Give the address of a Connect worker, by default on port 8083, with --server or SLUICE_CONNECT.',
    },
  )
}

/** An answer of 300 or more with Connect's `{error_code, message}`. */
export function refused(server: string, endpoint: Endpoint, status: number, message: string): SluiceError {
  const place = { status }
  const { operation } = endpoint
  if (status === 401 || (status === 403 && !('403' in endpoint.answers))) return unauthorised(server, status)
  if (status === 404) {
    if (message.startsWith('HTTP 404')) {
      return new SluiceError('CONNECT_UNKNOWN', `The worker at ${server} has no ${endpoint.method} ${endpoint.path}`, {
        place,
        remedy: 'It is older than this endpoint, or something else listens there.',
      })
    }
    if (operation !== 'setLoggerLevel') {
      return new SluiceError('CONNECT_UNKNOWN', message, {
        place,
        remedy: 'sluice get connectors, get plugins and get loggers list what there is.',
      })
    }
  }
  if ((status === 409 && !message.includes('already exists')) || status === 503) {
    return new RetriableError('WORKER_BUSY', `The worker cannot do it now: ${message}`, {
      place,
      remedy: 'Try again when the rebalance is over, or wait for longer with --timeout.',
    })
  }
  if (
    status === 400 ||
    status === 404 ||
    status === 422 ||
    (operation === 'validateConfig' && NO_SUCH_CLASS.test(message))
  )
    return new SluiceError('CONNECT_INVALID', message, { place })
  return new SluiceError('WORKER_REFUSED', `The worker answers ${status}: ${message}`, {
    place,
    remedy: status >= 500 ? 'Look into the log of the worker.' : 'Do what it says.',
  })
}

export function unauthorised(server: string, status: number): SluiceError {
  return status === 401
    ? new SluiceError('WORKER_AUTHENTICATION', `The worker at ${server} asks for a user and a password that it knows`, {
        place: { status },
        remedy: 'Give --user and --password, or SLUICE_CONNECT_USER and SLUICE_CONNECT_PASSWORD.',
      })
    : new SluiceError('WORKER_AUTHENTICATION', `The worker at ${server} does not allow it to this user`, {
        place: { status },
        remedy: 'Use a user who may, or ask the operator of the worker.',
      })
}
