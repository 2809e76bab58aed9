import { type ErrorFacts, SluiceError } from '@sluice/sdk'
import { type BrokerAddress, addressText } from '../wire/dial.ts'

interface Fault {
  readonly codes: RegExp
  readonly what: string
  readonly remedy: string
}

/** What Node and OpenSSL say, and what it means here. */
const FAULTS: readonly Fault[] = [
  {
    codes:
      /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/,
    what: 'its certificate is not signed by an authority that is trusted here',
    remedy: 'Give the certificate of its authority as ssl.ca.',
  },
  {
    codes: /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    what: 'its certificate, or one of its authorities, is not valid at this time',
    remedy: 'Renew the certificate of the broker, or set the clock of this machine.',
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    what: 'its certificate is for another name',
    remedy: 'Connect by a name that is in the certificate, or say it as ssl.serverName.',
  },
  {
    codes: /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE)$/,
    what: 'it does not speak TLS',
    remedy: 'Use the port of an SSL or SASL_SSL listener, or the security protocol PLAINTEXT or SASL_PLAINTEXT.',
  },
  {
    codes: /^ERR_SSL_.*ALERT.*(PROTOCOL_VERSION|INSUFFICIENT_SECURITY)$/,
    what: 'it has no version or cipher of TLS in common with this client',
    remedy: 'Allow TLS 1.2 or 1.3 in ssl.enabled.protocols of the broker.',
  },
]

const OUR_CERTIFICATE = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)/

/** Node's name of what went wrong, or nothing. */
export function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}

/** The error for what ended a TLS connection, if trying again cannot help; undefined for what may pass. */
export function tlsFault(cause: unknown, address: BrokerAddress, hasCertificate: boolean): SluiceError | undefined {
  const code = codeOf(cause)
  const facts: ErrorFacts = { cause, place: { broker: addressText(address) } }
  const refused = `Cannot speak TLS with the broker at ${addressText(address)}`
  if (OUR_CERTIFICATE.test(code)) {
    return new SluiceError(
      'KAFKA_AUTHENTICATION',
      hasCertificate
        ? `${refused}: it does not accept the certificate of this client`
        : `${refused}: it asks for a certificate of this client, and none is given`,
      {
        ...facts,
        remedy: hasCertificate
          ? "Use a certificate whose authority is in the broker's truststore, and renew it if it has expired."
          : 'Give ssl.cert and ssl.key.',
      },
    )
  }
  const fault = FAULTS.find(({ codes }) => codes.test(code))
  if (fault === undefined) return undefined
  return new SluiceError('KAFKA_AUTHENTICATION', `${refused}: ${fault.what}`, { ...facts, remedy: fault.remedy })
}
