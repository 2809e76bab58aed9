/** From Kafka's own names of client settings, as in properties files, to the port's. */
import type { KafkaConfig } from '../cluster.ts'
import type { SaslConfig, SecurityProtocol, SslConfig } from '../security/security-config.ts'
import type { RawSettings } from '@sluice/sdk'
import { saslOf } from './kafka-login.ts'
import { keyStoreOf, trustStoreOf } from './key-stores.ts'
import { Reading, wrong } from './setting-reading.ts'

export interface KafkaSettings {
  readonly config: KafkaConfig
  /** What is not about reaching and convincing a broker: settings of producers and consumers, and those that the port has not. */
  readonly unknown: RawSettings
}

const PROTOCOLS: ReadonlySet<string> = new Set(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'])

/** Kafka's times, and what the port calls them. */
const TIMES = {
  'request.timeout.ms': 'requestTimeoutMs',
  'socket.connection.setup.timeout.ms': 'connectTimeoutMs',
  'reconnect.backoff.ms': 'reconnectBackoffMs',
  'reconnect.backoff.max.ms': 'reconnectBackoffMaxMs',
  'connections.max.idle.ms': 'connectionsMaxIdleMs',
} as const satisfies Record<string, keyof KafkaConfig>

/** Whether a setting says how to reach a cluster, or as whom. Times are not among them: they do not make it another cluster. */
export function isConnectionSetting(key: string): boolean {
  return key === 'bootstrap.servers' || key === 'security.protocol' || key.startsWith('ssl.') || key.startsWith('sasl.')
}

/**
 * The settings that make a connection. Files of stores are looked at here, so that what is wrong with them is told at once.
 * @throws SluiceError SETTINGS_INVALID that names the setting and what to do
 */
export function kafkaConfig(raw: RawSettings): KafkaSettings {
  const read = new Reading(raw)
  const servers = read.take('bootstrap.servers')
  if (servers === undefined) throw wrong('bootstrap.servers', 'is missing: it names the brokers as host:port')
  const protocol = protocolOf(read.take('security.protocol'))
  const ssl = sslOf(read)
  const sasl = saslOf(read)
  const clientId = read.take('client.id')
  const times: Partial<Record<(typeof TIMES)[keyof typeof TIMES], number>> = {}
  for (const [key, name] of Object.entries(TIMES)) {
    const text = read.take(key)
    if (text !== undefined) times[name] = wholeNumber(key, text)
  }
  return {
    config: {
      bootstrapServers: servers,
      ...(clientId === undefined ? {} : { clientId }),
      ...times,
      ...securityOf(protocol, ssl, sasl),
    },
    unknown: read.rest(),
  }
}

/** Settings of TLS and SASL that the protocol does not use are left alone, as Kafka does. */
function securityOf(
  protocol: SecurityProtocol,
  ssl: SslConfig,
  sasl: SaslConfig | undefined,
): Pick<KafkaConfig, 'securityProtocol' | 'ssl' | 'sasl'> {
  const isTls = protocol === 'SSL' || protocol === 'SASL_SSL'
  const isSasl = protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL'
  if (isSasl && sasl === undefined)
    throw wrong(
      'sasl.mechanism',
      `is not given, which in Kafka means GSSAPI (Kerberos), and security.protocol is ${protocol}: this client does not have GSSAPI`,
      'Set sasl.mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, with sasl.jaas.config.',
    )
  return {
    securityProtocol: protocol,
    ...(isTls ? { ssl } : {}),
    ...(isSasl && sasl !== undefined ? { sasl } : {}),
  }
}

function protocolOf(text: string | undefined): SecurityProtocol {
  const name = (text ?? 'PLAINTEXT').toUpperCase()
  if (PROTOCOLS.has(name)) return name as SecurityProtocol
  throw wrong('security.protocol', `is ${text}: it is one of ${[...PROTOCOLS].join(', ')}`)
}

function sslOf(read: Reading): SslConfig {
  // Kafka's way to switch the check of names off is an empty text.
  const isNameChecked =
    !read.has('ssl.endpoint.identification.algorithm') ||
    read.take('ssl.endpoint.identification.algorithm') !== undefined
  read.take('ssl.endpoint.identification.algorithm')
  return {
    ...trustStoreOf(read),
    ...keyStoreOf(read),
    ...(isNameChecked ? {} : { endpointIdentification: false }),
  }
}

function wholeNumber(key: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw wrong(key, `is ${text}: it is a whole number of milliseconds`)
}
