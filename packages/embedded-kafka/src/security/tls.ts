import type tls from 'node:tls'
import { BrokerStartError } from '../start-error.ts'
import type { TlsOptions } from './security-options.ts'

export const ANONYMOUS = 'User:ANONYMOUS'

/** How long a client may take to greet. */
const HANDSHAKE_MS_MAX = 10_000

/** What Node's TLS server is configured with. @throws BrokerStartError when key or certificate cannot be used */
export function tlsServerOptions({ cert, key, passphrase, ca, clientAuth = 'none' }: TlsOptions): tls.TlsOptions {
  const material = {
    cert,
    key,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    minVersion: 'TLSv1.2',
  } as const
  try {
    process.getBuiltinModule('node:tls').createSecureContext(material)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BrokerStartError(
      `The embedded broker cannot speak TLS: ${reason}.`,
      'Give cert and key as PEM text that belongs together.',
      cause,
    )
  }
  return {
    ...material,
    handshakeTimeout: HANDSHAKE_MS_MAX,
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
  }
}

/** Why what a client has shown is not accepted; null when it is, or was not asked for. */
export function certificateFault(socket: tls.TLSSocket): string | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined || socket.authorized) return null
  const error: unknown = socket.authorizationError
  return `its certificate is not accepted (${error instanceof Error ? error.message : String(error)})`
}

/** `User:CN=alice,O=Example`: the subject of the client's certificate as RFC 2253 has it, its last part first. */
export function certificatePrincipal(socket: tls.TLSSocket): string {
  const subject = socket.getPeerX509Certificate()?.subject
  return subject === undefined ? ANONYMOUS : `User:${subject.split('\n').toReversed().join(',')}`
}
