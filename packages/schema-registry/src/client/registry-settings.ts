/** How a registry is reached: the settings of Confluent's serializers and converters, under their names. */
import { type ParsedSettings, type SettingDeclarations, atLeast, defineSettings, nonNull, oneOf } from '@sluice/sdk'

const GROUP = 'Schema registry'

export const REGISTRY_SETTINGS = {
  'schema.registry.url': {
    type: 'list',
    validator: nonNull,
    importance: 'high',
    group: GROUP,
    documentation:
      'Where the registry is, as in http://localhost:8081. Of several, separated by commas, the next one is asked when one does not answer.',
  },
  'auto.register.schemas': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: GROUP,
    documentation: 'Whether a schema that is written with is registered first. Otherwise it must be there.',
  },
  'use.latest.version': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: GROUP,
    documentation: 'Whether records are written with the latest version of the subject instead of their own schema.',
  },
  'latest.cache.ttl.sec': {
    type: 'int',
    default: -1,
    validator: atLeast(-1),
    importance: 'low',
    group: GROUP,
    documentation: 'How many seconds the latest version of a subject is believed to be the latest; -1: for ever.',
  },
  'normalize.schemas': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: GROUP,
    documentation:
      'Whether schemas that differ only in form are one and the same when they are registered or looked up.',
  },
  'max.schemas.per.subject': {
    type: 'int',
    default: 1000,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    documentation: 'How many schemas are kept in memory for each kind of question.',
  },
  'basic.auth.credentials.source': {
    type: 'string',
    default: 'URL',
    validator: oneOf('URL', 'USER_INFO'),
    importance: 'medium',
    group: GROUP,
    documentation:
      'Where user and password are: URL for those in schema.registry.url, as in http://user:password@host; USER_INFO for basic.auth.user.info.',
  },
  'basic.auth.user.info': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'User and password for the registry, as in user:password.',
  },
  'bearer.auth.token': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'A token for the registry, sent instead of a user.',
  },
  'schema.registry.ssl.truststore.location': {
    type: 'string',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation:
      'A file with the certificates of authorities that are trusted, in PEM, PKCS12 or JKS; without it those that Node knows.',
  },
  'schema.registry.ssl.truststore.password': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The password of a PKCS12 or JKS trust store.',
  },
  'schema.registry.ssl.truststore.type': {
    type: 'string',
    default: 'JKS',
    validator: oneOf('PEM', 'PKCS12', 'JKS'),
    importance: 'low',
    group: GROUP,
    documentation: 'What the trust store is said to be. What it is, its content says.',
  },
  'schema.registry.ssl.truststore.certificates': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The same certificates as PEM text, instead of a file.',
  },
  'schema.registry.ssl.keystore.location': {
    type: 'string',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'A file with the certificate and the private key of this client, in PEM, PKCS12 or JKS.',
  },
  'schema.registry.ssl.keystore.type': {
    type: 'string',
    default: 'JKS',
    validator: oneOf('PEM', 'PKCS12', 'JKS'),
    importance: 'low',
    group: GROUP,
    documentation: 'What the key store is said to be. What it is, its content says.',
  },
  'schema.registry.ssl.keystore.certificate.chain': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The certificate of this client as PEM text, instead of a file.',
  },
  'schema.registry.ssl.keystore.key': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The private key of this client as PEM text, instead of a file.',
  },
  'schema.registry.ssl.keystore.password': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The password of a PKCS12 or JKS key store.',
  },
  'schema.registry.ssl.key.password': {
    type: 'password',
    default: null,
    importance: 'medium',
    group: GROUP,
    documentation: 'The password of the private key.',
  },
  'schema.registry.ssl.endpoint.identification.algorithm': {
    type: 'string',
    default: 'https',
    importance: 'low',
    group: GROUP,
    documentation: 'Empty: the registry may have a certificate for any name.',
  },
  'http.connect.timeout.ms': {
    type: 'int',
    default: 10_000,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    documentation: 'How many milliseconds a connection to the registry may take.',
  },
  'http.read.timeout.ms': {
    type: 'int',
    default: 10_000,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    documentation: 'How many milliseconds an answer of the registry may take, once it is connected.',
  },
  'max.retries': {
    type: 'int',
    default: 3,
    validator: atLeast(0),
    importance: 'low',
    group: GROUP,
    documentation: 'How often all urls are asked again when none of them could answer (network, 408, 429, 5xx).',
  },
  'retries.wait.ms': {
    type: 'int',
    default: 1000,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    documentation: 'How many milliseconds to wait before the first of these; twice as long before each further one.',
  },
  'retries.max.wait.ms': {
    type: 'int',
    default: 20_000,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    documentation: 'The longest such wait in milliseconds, also when the registry asks for a longer one.',
  },
} as const satisfies SettingDeclarations

export const registrySettings = defineSettings(REGISTRY_SETTINGS)

export type RegistrySettings = ParsedSettings<typeof registrySettings>
