/** What can go wrong between a client and a worker, each as an error with a name and a remedy. */
import { RetriableError, SluiceError } from '@sluice/sdk'
import type { Endpoint } from '../rest/contract.ts'
import type { RawAnswer } from './exchange.ts'

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH)/
const WRONG_SCHEME = /^(EPROTO|HPE_)|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG/
/** Kafka Connect answers these with 500 where it validates, and with 400 where it creates. */
const NO_SUCH_CLASS = /Failed to find any class|contains no connector type/

/** An answer that did not come. */
export function unreachable(server: string, method: string, cause: unknown, timeoutMs: number): SluiceError {
  if ((cause as { readonly name?: unknown } | null)?.name === 'TimeoutError') {
    return new RetriableError(
      'WORKER_UNREACHABLE',
      `The Connect worker at ${server} did not answer within ${timeoutMs} ms${method === 'GET' ? '' : '; whether it does what was asked is not known'}`,
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
export function refused(server: string, endpoint: Endpoint, status: number, said: string): SluiceError {
  const { operation } = endpoint
  const message = readable(said)
  if (status === 401 || (status === 403 && !('403' in endpoint.answers))) return unauthorised(server, status)
  if (status === 404 && message.startsWith('HTTP 404')) {
    return new SluiceError('CONNECT_UNKNOWN', `The worker at ${server} has no ${endpoint.method} ${endpoint.path}`, {
      remedy: 'It is older than this endpoint, or something else listens there.',
    })
  }
  if (status === 404 && operation !== 'setLoggerLevel') {
    return new SluiceError('CONNECT_UNKNOWN', message, {
      remedy: endpoint.path.startsWith('/v1/processors')
        ? 'sluice processors list shows what there is.'
        : 'sluice get connectors, get tasks, get plugins and get loggers list what there is.',
    })
  }
  if ((status === 409 && !message.includes('already exists')) || status === 503) {
    return new RetriableError('WORKER_BUSY', `The worker cannot do it now: ${message}`, {
      remedy: 'Try again when the rebalance is over, or wait for longer with --timeout.',
    })
  }
  const isInvalid = status === 400 || status === 404 || status === 422
  if (isInvalid || (operation === 'validateConfig' && NO_SUCH_CLASS.test(message)))
    return new SluiceError('CONNECT_INVALID', message, { remedy: invalidRemedy(operation, message) })
  return new SluiceError('WORKER_REFUSED', `The worker answers ${status}: ${message}`, {
    remedy: status >= 500 ? 'Look into the log of the worker.' : 'Do what it says.',
  })
}

function invalidRemedy(operation: string, message: string): string {
  if (NO_SUCH_CLASS.test(message))
    return 'Give a connector.class that sluice get plugins shows, or install the plugin on every worker.'
  if (message.includes('STOPPED state')) return 'sluice stop NAME --wait, then the same again, then sluice resume NAME.'
  if (operation === 'createProcessor' || operation === 'putProcessorConfig')
    return 'Correct the settings or the topology; sluice processors validate -f FILE shows what is wrong with each.'
  if (operation.endsWith('Config') || operation === 'createConnector')
    return 'Correct the settings; sluice validate -f FILE shows what is wrong with each.'
  return 'Do what it says.'
}

/** Without Java's class names before a message, and with names of plugins for what Java prints of them. */
function readable(message: string): string {
  return message
    .replace(/^(?:[a-z]\w*\.)+\w+(?:Exception|Error): /, '')
    .replace(/^(?:[a-z]\w*\.)+\w+(?:Exception|Error): /, '')
    .replaceAll(/PluginDesc\{klass=[^{}]*?name='([^']*)'[^{}]*\}/g, '$1')
}

export function unauthorised(server: string, status: number): SluiceError {
  return status === 401
    ? new SluiceError('WORKER_AUTHENTICATION', `The worker at ${server} asks for a user and a password that it knows`, {
        remedy: 'Give --user and --password, or SLUICE_CONNECT_USER and SLUICE_CONNECT_PASSWORD.',
      })
    : new SluiceError('WORKER_AUTHENTICATION', `The worker at ${server} does not allow it to this user`, {
        remedy: 'Use a user who may, or ask the operator of the worker.',
      })
}
