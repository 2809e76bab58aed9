/** The plugins that Kafka Connect comes with, and what validation needs besides. */
import { converters } from '@sluice/codecs'
import kafkaExamples from '@sluice/connector-kafka-examples'
import { silentLogger, type Connector, type RawSettings } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { ConfigProviders } from '../../src/config-providers.ts'
import { Plugins } from '../../src/plugins/catalogue.ts'
import type { ValidationParts } from '../../src/validation/validator.ts'

export function connectPlugins(more: readonly Connector[] = []): Plugins {
  return new Plugins({ connectors: [...kafkaExamples, ...more], converters, transforms, predicates })
}

/** A worker's, with the converters that the vectors' worker had. */
export function validationParts(
  worker: RawSettings = {},
  { connectors = [], ...more }: Partial<ValidationParts> & { readonly connectors?: readonly Connector[] } = {},
): ValidationParts {
  const settings = {
    'group.id': 'connect',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    ...worker,
  }
  return {
    plugins: connectPlugins(connectors),
    worker: settings,
    providers: ConfigProviders.of(settings),
    logger: silentLogger,
    ...more,
  }
}
