import net from 'node:net'
import type tls from 'node:tls'
import { RetriableError } from '@sluice/sdk'
import { type Dial, addressText, dialEach, readInto } from '../wire/dial.ts'
import { codeOf, tlsFault } from './tls-faults.ts'
import type { TlsMaterial } from './tls-material.ts'

/** OpenSSL hands over one TLS record at a time: 16 KiB at most. */
const READ_BUFFER_BYTES = 32 * 1024

/** TLS with the keys and certificates of the moment. Resolves when the broker's certificate was accepted. */
export function dialTls(material: TlsMaterial): Dial {
  const tls = process.getBuiltinModule('node:tls')
  const { serverName, endpointIdentification, rejectUnauthorized } = material.ssl
  return async (address, timeoutMs, onBytes, signal) => {
    const secureContext = await material.current()
    const name = serverName ?? address.host
    return dialEach(address, timeoutMs, {
      signal,
      readyOn: 'secureConnect',
      open: (host) => {
        const options: tls.ConnectionOptions & { readonly onread: net.OnReadOpts } = {
          host,
          port: address.port,
          secureContext,
          // An IP address is no name to ask for, but the certificate is checked against it all the same.
          servername: net.isIP(name) === 0 ? name : '',
          rejectUnauthorized: rejectUnauthorized ?? true,
          checkServerIdentity: (_, certificate) =>
            endpointIdentification === false ? undefined : tls.checkServerIdentity(name, certificate),
          onread: readInto(READ_BUFFER_BYTES, onBytes),
        }
        return tls.connect(options).setNoDelay(true)
      },
      fault: (cause) => tlsFault(cause, address, material.hasCertificate) ?? hungUp(cause, addressText(address)),
    })
  }
}

/** A Kafka listener without TLS takes the greeting for an oversized request and hangs up; so does a broker on its way down. */
function hungUp(cause: unknown, at: string): RetriableError | undefined {
  const code = codeOf(cause)
  if (code !== 'ECONNRESET' && code !== 'EPIPE') return undefined
  return new RetriableError('KAFKA_UNREACHABLE', `The broker at ${at} hung up on the greeting of TLS`, {
    cause,
    remedy:
      'Check that this port is an SSL or SASL_SSL listener; without TLS the security protocol is PLAINTEXT or SASL_PLAINTEXT.',
  })
}
