/** How to reach a cluster, and as whom: Kafka's client settings, below `source.cluster.` and `target.cluster.`. */
import {
  defineSettings,
  Password,
  type ParsedSettings,
  type RawSettings,
  type SettingsDeclaration,
  type SettingsShape,
} from '@sluice/sdk'

const word = (documentation: string) =>
  ({ type: 'string', default: null, importance: 'medium', documentation }) as const
const secret = (documentation: string) =>
  ({ type: 'password', default: null, importance: 'medium', documentation }) as const

const declared = defineSettings({
  'bootstrap.servers': {
    type: 'string',
    importance: 'high',
    documentation: 'Some brokers of the cluster, as host:port, separated by commas.',
  },
  'security.protocol': {
    ...word('PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.'),
    default: 'PLAINTEXT',
  },
  'client.id': word("How the mirror names itself in the brokers' logs and quotas."),
  'request.timeout.ms': word('How long a request may take, in milliseconds. Not given: 30000.'),
  'ssl.truststore.location': word('The authorities that brokers are trusted by: a file of the type below.'),
  'ssl.truststore.type': word('JKS, PKCS12 or PEM; what the file is, is seen by itself.'),
  'ssl.truststore.password': secret('Opens ssl.truststore.location.'),
  'ssl.truststore.certificates': secret('The authorities as PEM, instead of a file.'),
  'ssl.keystore.location': word('The own key and certificate, where brokers ask for one.'),
  'ssl.keystore.type': word('JKS, PKCS12 or PEM; what the file is, is seen by itself.'),
  'ssl.keystore.password': secret('Opens ssl.keystore.location.'),
  'ssl.keystore.key': secret('The own key as PEM, instead of a file.'),
  'ssl.keystore.certificate.chain': secret('The own certificate as PEM, instead of a file.'),
  'ssl.key.password': secret('Opens the own key.'),
  'ssl.endpoint.identification.algorithm': word('Empty: the names in certificates are not looked at.'),
  'sasl.mechanism': word('PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.'),
  'sasl.jaas.config': secret('The login, as Java writes it: a module, `required`, and its options.'),
  'sasl.oauthbearer.token.endpoint.url': word('Where tokens are asked for.'),
  'sasl.oauthbearer.client.credentials.client.id': word('As whom tokens are asked for.'),
  'sasl.oauthbearer.client.credentials.client.secret': secret('The secret of that client.'),
  'sasl.oauthbearer.scope': word('The scope that is asked for.'),
})

export type ClusterSettings = ParsedSettings<typeof declared>
export type Side = 'source' | 'target'

export function clusterSettings(side: Side): SettingsDeclaration {
  return declared.prefixed(`${side}.cluster.`, side === 'source' ? 'Source cluster' : 'Target cluster')
}

/** As they stand in a properties file: what the client takes. */
export function clientProperties(settings: SettingsShape, side: Side): RawSettings {
  const entries = Object.keys(declared.declarations).flatMap((name) => {
    const value = settings[`${side}.cluster.${name}`]
    const text = value instanceof Password ? value.value() : value
    return typeof text === 'string' ? [[name, text]] : []
  })
  return Object.fromEntries(entries) as RawSettings
}
