import { readFileSync } from 'node:fs'
import type { EmbeddedKafkaOptions } from '@sluice/embedded-kafka'
import { SluiceError } from '@sluice/sdk'
import type { Options, Values } from '../command-line/declaration.ts'

/** Options of `sluice kafka` about who may connect, and how. */
export const listenerOptions = {
  'tls-cert': {
    type: 'text',
    value: 'FILE',
    completes: 'file',
    documentation: 'PEM file of its certificate: clients speak TLS with the broker',
  },
  'tls-key': { type: 'text', value: 'FILE', completes: 'file', documentation: 'PEM file of the certificate’s key' },
  'tls-client-ca': {
    type: 'text',
    value: 'FILE',
    completes: 'file',
    documentation: 'PEM file of an authority: clients show a certificate that it has signed',
  },
  'sasl-users': {
    type: 'text',
    value: 'FILE',
    completes: 'file',
    documentation: 'Clients log in by PLAIN or SCRAM; lines of name=password',
  },
  authorizer: {
    type: 'flag',
    documentation: 'Clients may do what ACLs allow; --config super.users=User:NAME for who makes them',
  },
} as const satisfies Options

/** @throws SluiceError SETTINGS_INVALID for a file that cannot be read, or half of what belongs together */
export function listenerOf(
  values: Values<typeof listenerOptions>,
): Pick<EmbeddedKafkaOptions, 'listener' | 'authorizer'> {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-client-ca': ca, 'sasl-users': users } = values
  if ((cert === undefined) !== (key === undefined) || (ca !== undefined && cert === undefined)) {
    throw new SluiceError('SETTINGS_INVALID', 'TLS needs both --tls-cert and --tls-key', {
      remedy: 'Give both files, or none of them.',
    })
  }
  const clients = ca === undefined ? {} : { ca: contents('--tls-client-ca', ca), clientAuth: 'required' as const }
  const tls =
    cert === undefined || key === undefined
      ? {}
      : { tls: { cert: contents('--tls-cert', cert), key: contents('--tls-key', key), ...clients } }
  const sasl = users === undefined ? {} : { sasl: { users: usersIn(contents('--sasl-users', users)) } }
  return { listener: { ...tls, ...sasl }, authorizer: values.authorizer }
}

function contents(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `${option} is '${file}', which cannot be read`, {
      cause,
      remedy: 'Give the path of a file that is there.',
    })
  }
}

function usersIn(lines: string): Record<string, string> {
  const users: Record<string, string> = {}
  lines.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const at = line.indexOf('=')
    // What stands there may be a password: it is not repeated.
    if (at < 1) {
      throw new SluiceError('SETTINGS_INVALID', `Line ${i + 1} of --sasl-users is not name=password`, {
        remedy: 'Write a user and a password on each line, as in alice=secret.',
      })
    }
    users[line.slice(0, at)] = line.slice(at + 1)
  })
  return users
}
