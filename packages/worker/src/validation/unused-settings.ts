/** Settings that nothing here reads: mistyped ones, and those of a Java connector of the same name which this one has not. They are warned of, no errors. */
import {
  defineSettings,
  nearestName,
  type Connector,
  type Logger,
  type RawSettings,
  type SettingsDeclaration,
  type SettingsValidation,
} from '@sluice/sdk'
import { consumerSettings, producerSettings } from '../clients.ts'
import { below } from '../settings.ts'

/** More warnings of one config than this nobody reads. */
const WARNINGS_MAX = 20

/** Whose settings below them are their own business. */
const FOREIGN = ['producer.override.', 'consumer.override.', 'admin.override.', 'topic.creation.', 'config.providers']

/** What clients may be given about how to reach Kafka, by name or prefix: see kafka-config.ts. */
export const CLIENT_CONNECTION: readonly string[] = [
  'bootstrap.servers',
  'client.id',
  'security.protocol',
  'ssl.',
  'sasl.',
  'reconnect.backoff.',
  'connections.max.idle.ms',
  'socket.connection.setup.timeout.ms',
  'request.timeout.ms',
]

/** What may be said of how topics are made and groups altered: where, and as whom. The rest of Java's admin client has no counterpart here. */
export const ADMIN_CONNECTION: readonly string[] = [
  'bootstrap.servers',
  'security.protocol',
  'ssl.',
  'sasl.',
  'request.timeout.ms',
]
export const adminSettings: SettingsDeclaration = defineSettings({})

/** Warns of what neither the declaration knows nor is known besides, by name or by a prefix that ends in a dot. */
export function warnOfUnknown(
  declared: SettingsDeclaration,
  raw: RawSettings,
  known: readonly string[],
  logger: Logger,
  prefix = '',
): void {
  for (const { key, nearest } of declared.unknownKeys(raw, known).slice(0, WARNINGS_MAX)) {
    const hint = nearest === undefined ? '' : `; did you mean "${prefix}${nearest}"?`
    logger.warn(`The setting "${prefix}${key}" has no effect${hint}`)
  }
}

/** So that a connector's config from Kafka Connect is taken as it is. */
export function warnOfUnused(
  { name, foreignSettings = {} }: Connector,
  config: RawSettings,
  { configs }: SettingsValidation,
  logger: Logger,
): void {
  const own = logger.child({ connector: config['name'], class: name })
  const known = new Set(configs.map(({ value }) => value.name))
  const unused = Object.keys(config).filter(
    (key) => !known.has(key) && !FOREIGN.some((prefix) => key.startsWith(prefix)),
  )
  for (const key of unused.slice(0, WARNINGS_MAX)) {
    const foreign = Object.hasOwn(foreignSettings, key) ? foreignSettings[key] : undefined
    const nearest = foreign === undefined ? nearestName(key, known) : undefined
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    own.warn(`The setting "${key}" has no effect${foreign === undefined ? hint : `: ${foreign}`}`)
  }
  // Kafka's clients have settings that ours have no use for: only what looks mistyped is told.
  for (const [prefix, client, connection] of OVERRIDES)
    for (const { key, nearest } of client.unknownKeys(below(prefix, config), connection))
      if (nearest !== undefined)
        own.warn(`The setting "${prefix}${key}" has no effect; did you mean "${prefix}${nearest}"?`)
}

const OVERRIDES: readonly (readonly [string, SettingsDeclaration, readonly string[]])[] = [
  ['producer.override.', producerSettings, CLIENT_CONNECTION],
  ['consumer.override.', consumerSettings, CLIENT_CONNECTION],
  ['admin.override.', adminSettings, ADMIN_CONNECTION],
]
