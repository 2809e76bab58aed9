import { nearestName, type Connector, type Logger, type RawSettings, type SettingsValidation } from '@sluice/sdk'

/** More warnings of one config than this nobody reads. */
const WARNINGS_MAX = 20

/** Whose settings below them are their own business. */
const FOREIGN = ['producer.override.', 'consumer.override.', 'admin.override.', 'topic.creation.', 'config.providers']

/**
 * Warns of settings that nothing here reads: mistyped ones, and those of a Java connector of the same name which this one has not. They
 * are no errors, so that a config from Kafka Connect is taken as it is.
 */
export function warnOfUnused(
  { name, foreignSettings = {} }: Connector,
  config: RawSettings,
  { configs }: SettingsValidation,
  logger: Logger,
): void {
  const known = new Set(configs.map(({ value }) => value.name))
  const unused = Object.keys(config).filter(
    (key) => !known.has(key) && !FOREIGN.some((prefix) => key.startsWith(prefix)),
  )
  for (const key of unused.slice(0, WARNINGS_MAX)) {
    const foreign = Object.hasOwn(foreignSettings, key) ? foreignSettings[key] : undefined
    const nearest = foreign === undefined ? nearestName(key, known) : undefined
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    logger.warn(`The setting "${key}" has no effect${foreign === undefined ? hint : `: ${foreign}`}`, {
      connector: config['name'],
      class: name,
    })
  }
}
