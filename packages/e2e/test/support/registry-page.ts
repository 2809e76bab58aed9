/** The reference page of the schema registry: how it is started, what it serves, and how clients reach one. */
import { commands, helpOf } from '@sluice/cli'
import {
  COMPATIBILITY_LEVELS,
  REGISTRY_ENDPOINTS,
  registrySettings,
  SUBJECT_NAME_STRATEGIES,
} from '@sluice/schema-registry'

export function registryPage(): string {
  const { name, node } = commands.find((command) => command.name === 'schema-registry')!
  const endpoints = REGISTRY_ENDPOINTS.map((endpoint) => endpoint.split(' ')).map(
    ([method = '', path = '']) => `| \`${method}\` | \`${path}\` |`,
  )
  const levels = COMPATIBILITY_LEVELS.map((level) => `\`${level}\``).join(', ')
  return `# Schema registry

A registry that keeps its schemas in a Kafka topic, and a client for it and for Confluent's. How to use them: [Run a schema registry](../how-to/run-a-schema-registry.md).

\`\`\`
${helpOf([name], node)}\`\`\`

## Endpoints

Requests, answers and error codes are those of Confluent's REST API. Each is also served below \`/contexts/{context}\`.

| method | path |
|---|---|
${endpoints.join('\n')}

Compatibility levels: ${levels}. What is incompatible is named as Confluent names it.

## Client settings

Of everything that speaks with a registry: \`value.converter.schema.registry.url\` and so on. Each name that begins with \`basic.auth.\` or
\`bearer.auth.\` may also begin with \`schema.registry.\`. Strategies for the names of subjects: ${SUBJECT_NAME_STRATEGIES.map((name) => `\`${name}\``).join(', ')},
and the Java classes of these names.

${registrySettings.page(3)}`
}
