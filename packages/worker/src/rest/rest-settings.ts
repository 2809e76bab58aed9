/** Settings of the REST server, under Kafka Connect's names (RestServerConfig), and some of ours. */
import {
  atLeast,
  between,
  defineSettings,
  oneOf,
  validatedBy,
  type ParsedSettings,
  type SettingDeclarations,
} from '@sluice/sdk'
import { parseListener } from './listeners.ts'
import { parseHeaderRules } from './response-headers.ts'

/** The one extension there is, by Kafka Connect's name. */
export const BASIC_AUTH = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'

const WAIT_MAX_MS = 2_147_483_647

const listenerList = validatedBy('a list of http:// or https:// URLs', (value) =>
  problemIn(value as string[], parseListener),
)
const headerRules = validatedBy('a list of "[action] name: value"', (value) =>
  problemIn([String(value)], parseHeaderRules),
)
const extensions = validatedBy('BasicAuthSecurityRestExtension', (value) => {
  const unknown = (value as readonly string[]).filter((name) => !isBasicAuth(name))
  return unknown.length === 0
    ? undefined
    : `No such REST extension: ${unknown.join(', ')}. There is BasicAuthSecurityRestExtension; Java classes cannot be loaded`
})

/** Keys and certificates; the same under `listeners.https.` and `admin.listeners.https.`, which take the place of these. */
export const sslDeclarations = {
  'ssl.keystore.type': {
    type: 'string',
    default: null,
    importance: 'medium',
    documentation: 'PEM, PKCS12 or JKS. What counts is what the file is.',
  },
  'ssl.keystore.location': {
    type: 'string',
    default: null,
    importance: 'high',
    documentation:
      'File with the key and the certificate chain: PKCS12, JKS, or PEM with both. Read again when it changes.',
  },
  'ssl.keystore.password': {
    type: 'password',
    default: null,
    importance: 'high',
    documentation: 'Opens the PKCS12 or JKS file.',
  },
  'ssl.keystore.key': { type: 'password', default: null, importance: 'high', documentation: 'The key as PEM text.' },
  'ssl.keystore.certificate.chain': {
    type: 'password',
    default: null,
    importance: 'high',
    documentation: 'The certificate chain as PEM text.',
  },
  'ssl.key.password': { type: 'password', default: null, importance: 'high', documentation: 'Opens the key.' },
  'ssl.truststore.type': {
    type: 'string',
    default: null,
    importance: 'medium',
    documentation: 'PEM, PKCS12 or JKS. What counts is what the file is.',
  },
  'ssl.truststore.location': {
    type: 'string',
    default: null,
    importance: 'high',
    documentation:
      'File with the authorities that may sign certificates of clients and of other workers. Read again when it changes.',
  },
  'ssl.truststore.password': {
    type: 'password',
    default: null,
    importance: 'high',
    documentation: 'Opens the PKCS12 or JKS file.',
  },
  'ssl.truststore.certificates': {
    type: 'password',
    default: null,
    importance: 'high',
    documentation: 'The authorities as PEM text.',
  },
  'ssl.enabled.protocols': {
    type: 'list',
    default: ['TLSv1.2', 'TLSv1.3'],
    importance: 'medium',
    documentation: 'Versions of TLS that are spoken.',
  },
  'ssl.cipher.suites': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Cipher suites, as OpenSSL names them. Default: those of Node.',
  },
  'ssl.endpoint.identification.algorithm': {
    type: 'string',
    default: 'https',
    importance: 'low',
    documentation: 'Whether the name in the certificate of another worker is checked; empty: it is not.',
  },
  'ssl.client.auth': {
    type: 'string',
    default: 'none',
    validator: oneOf('none', 'requested', 'required'),
    importance: 'low',
    documentation: 'Whether clients show a certificate: required, requested (checked if shown), or none.',
  },
} as const satisfies SettingDeclarations

export const sslSettings = defineSettings(sslDeclarations)
export type SslSettings = ParsedSettings<typeof sslSettings>

export const restSettings = defineSettings({
  listeners: {
    type: 'list',
    default: ['http://:8083'],
    validator: listenerList,
    importance: 'low',
    documentation: 'URLs that REST listens to: http or https. Without a host all interfaces; port 0 is any free one.',
  },
  'rest.advertised.host.name': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation: 'The host under which other workers reach this one.',
  },
  'rest.advertised.port': {
    type: 'int',
    default: null,
    importance: 'low',
    documentation: 'The port under which other workers reach this one.',
  },
  'rest.advertised.listener': {
    type: 'string',
    default: null,
    validator: validatedBy('http or https', (value) =>
      ['http', 'https'].includes(String(value).toLowerCase()) ? undefined : 'String must be one of: http, https',
    ),
    importance: 'low',
    documentation:
      'The protocol over which other workers reach this one. Default: http where there is such a listener.',
  },
  'access.control.allow.origin': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'Origins whose pages may call this API, separated by commas; * for all. Empty: none (no CORS).',
  },
  'access.control.allow.methods': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'Methods that such pages may use, separated by commas. Default: GET, POST, HEAD.',
  },
  'admin.listeners': {
    type: 'list',
    default: null,
    validator: listenerList,
    importance: 'low',
    documentation: 'URLs for /admin. Not set: those of listeners; empty: /admin is not served.',
  },
  'rest.extension.classes': {
    type: 'list',
    default: [],
    validator: extensions,
    importance: 'low',
    documentation: 'BasicAuthSecurityRestExtension: whoever asks must give name and password.',
  },
  'rest.basic.auth.credentials.file': {
    type: 'string',
    default: null,
    importance: 'high',
    documentation:
      'Properties file with name=password lines, for BasicAuthSecurityRestExtension. Default: the file that the entry KafkaConnect of the JAAS file names, which KAFKA_OPTS gives as -Djava.security.auth.login.config. Read again when it changes.',
  },
  'response.http.headers.config': {
    type: 'string',
    default: '',
    validator: headerRules,
    importance: 'low',
    documentation:
      'Headers of every answer: "[action] name: value", separated by commas; actions are set, add, setDate, addDate.',
  },
  'rest.request.timeout.ms': {
    type: 'long',
    default: 90_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How long a request may wait for the worker before it is answered with 500.',
  },
  'rest.health.timeout.ms': {
    type: 'long',
    default: 10_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How long /health may wait for the worker.',
  },
  'rest.body.timeout.ms': {
    type: 'long',
    default: 30_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How long the body of a request may take to arrive, after which it is answered with 408.',
  },
  'rest.body.bytes.max': {
    type: 'long',
    default: 33_554_432,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Bytes that a body may have; larger ones are answered with 413.',
  },
  ...sslDeclarations,
})
export type RestSettings = ParsedSettings<typeof restSettings>

export function isBasicAuth(name: string): boolean {
  return name === BASIC_AUTH || name === BASIC_AUTH.slice(BASIC_AUTH.lastIndexOf('.') + 1)
}

function problemIn(values: readonly string[], parse: (value: string) => unknown): string | undefined {
  for (const value of values) {
    try {
      parse(value)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return undefined
}
