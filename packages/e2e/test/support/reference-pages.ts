/** The pages of docs/reference, each made from the one declaration that the code itself runs by. */
import { bundledPlugins } from '@sluice/cli'
import { jsonSettings } from '@sluice/codecs'
import birdStrikes, { birdStrikeGate } from '@sluice/processor-bird-strikes'
import csvRows, { csvRowsGate } from '@sluice/processor-csv-rows'
import flights, { flightGate } from '@sluice/processor-flights'
import { ACTIONS, checkReferencePage, compileGate, type CheckDefinition, type GateDefinition } from '@sluice/quality'
import { defineSettings, ERROR_CODES, type Connector, type SettingsDeclaration } from '@sluice/sdk'
import { streamsSettings, type Processor } from '@sluice/streams'
import {
  catalogueSettings,
  cellSettings,
  connectorSettings,
  consumerSettings,
  groupSettings,
  processorSettings,
  producerSettings,
  sinkSettings,
  sourceSettings,
  standaloneSettings,
  storageSettings,
  workerSettings,
} from '@sluice/worker'
import * as prettier from 'prettier'
import { brokerFacts } from './broker-facts.ts'
import { cliPage } from './cli-page.ts'
import { embeddedKafkaPage, kafkaClientPage } from './kafka-pages.ts'
import { objectStoresPage } from './object-stores-page.ts'
import { registryPage } from './registry-page.ts'
import { metricsPage, restPage } from './worker-pages.ts'

/** A page by its file name in docs/reference. */
export interface ReferencePage {
  readonly file: string
  readonly text: string
}

/** Every page, formatted as `npm run format` leaves it. */
export async function referencePages(): Promise<readonly ReferencePage[]> {
  const plugins = await bundledPlugins({})
  const facts = await brokerFacts()
  const pages = [
    { file: 'README.md', text: contents() },
    { file: 'errors.md', text: errorsPage() },
    { file: 'cli.md', text: `${GENERATED}\n\n${cliPage()}` },
    { file: 'connectors.md', text: connectorsPage(plugins.connectors.all()) },
    { file: 'rest.md', text: `${GENERATED}\n\n${restPage()}` },
    { file: 'metrics.md', text: `${GENERATED}\n\n${metricsPage()}` },
    { file: 'processors.md', text: processorsPage() },
    { file: 'kafka-client.md', text: `${GENERATED}\n\n${kafkaClientPage(facts)}` },
    { file: 'embedded-kafka.md', text: `${GENERATED}\n\n${embeddedKafkaPage(facts)}` },
    { file: 'schema-registry.md', text: `${GENERATED}\n\n${registryPage()}` },
    { file: 'object-stores.md', text: `${GENERATED}\n\n${objectStoresPage()}` },
    { file: 'checks.md', text: `${GENERATED}\n\n${checkReferencePage()}` },
    {
      file: 'converters-and-transforms.md',
      text: pluginsPage(plugins.converters.all(), plugins.transforms.all(), plugins.predicates.all()),
    },
  ]
  return Promise.all(pages.map(async ({ file, text }) => ({ file, text: await formatted(text) })))
}

/** The bundled processors, with the gates they judge by. A new one gets its line here. */
export const PROCESSORS: readonly { readonly processor: Processor; readonly gates: readonly GateDefinition[] }[] = [
  { processor: birdStrikes, gates: [birdStrikeGate] },
  { processor: csvRows, gates: [csvRowsGate('csv-rows', true)] },
  { processor: flights, gates: [flightGate] },
]

/** The first line of a page that is made here; a page without it is written by hand. */
export const GENERATED = '<!-- Generated from the code: see CONTRIBUTING.md. Edits to this page are overwritten. -->'

function contents(): string {
  return `${GENERATED}

# Reference

Made from the declarations that the code itself runs by, so it cannot say anything else than the code does.

- [Command line](cli.md): commands of \`sluice\`, their options and exit statuses
- [Connectors](connectors.md): settings of a worker, of every connector, and of each one
- [REST](rest.md): endpoints of a worker, and its settings of REST
- [Metrics](metrics.md): what a worker says at \`/metrics\`
- [Processors](processors.md): settings of an application, of each processor, and the rules they judge by
- [Checks](checks.md): what a rule of a quality gate can ask
- [Converters and transforms](converters-and-transforms.md): their names, and the names of Kafka Connect that they answer to
- [Kafka client](kafka-client.md): options and metrics of the port
- [Embedded Kafka](embedded-kafka.md): APIs and versions of the broker, its settings, and those of topics
- [Schema registry](schema-registry.md): the embedded registry, its endpoints, and settings of its clients
- [Object stores](object-stores.md): URLs, and settings of S3
- [Errors](errors.md): every code and what it means

Measured, and kept by hand: [Benchmarks](benchmarks.md).
`
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`)
  return `${GENERATED}

# Errors

An error says what happened and where, what caused it, and what to do about it. Its code says which kind it is:

| code | when |
|---|---|
${rows.join('\n')}

In code, \`error.code\` is one of these, \`error.place\` locates the bad value (file, line, column, topic, partition, offset, field …),
\`error.remedy\` says what to do, and \`error.retriable\` whether the same thing may succeed later.
`
}

function connectorsPage(connectors: readonly Connector[]): string {
  const links = connectors.map(({ name }) => `[\`${name}\`](#${name})`).join(', ')
  return `${GENERATED}

# Connectors

Bundled are ${links}. A connector's properties file holds its own settings and those [of every connector](#every-connector); the worker's
file holds [the worker's](#worker), and both may tune the [Kafka clients](#kafka-clients). How to write one: [Write a source](../tutorials/write-a-source.md).

${connectors.map(connectorSection).join('\n')}

## Every connector

${connectorSettings.page(3)}
Besides, \`transforms.<alias>.type\`, \`transforms.<alias>.predicate\` and \`transforms.<alias>.negate\` belong to each alias of \`transforms\`,
\`predicates.<alias>.type\` to each of \`predicates\`, and whatever stands below \`key.converter.\`, \`value.converter.\` or \`header.converter.\`
is given to that converter.

## Every source

${beyond(sourceSettings, connectorSettings).page(3)}
## Every sink

${beyond(sinkSettings, connectorSettings).page(3)}
## Worker

Settings of \`sluice connect-standalone worker.properties …\` and \`sluice connect-distributed worker.properties\`; those of a mode follow.

${workerSettings.page(3)}
### Standalone

${beyond(standaloneSettings, workerSettings).page(4)}
### Distributed

${groupSettings.page(4)}
${storageSettings.page(4)}
${catalogueSettings.page(4)}
### REST

[Settings of REST](rest.md#settings) have a page of their own, with its endpoints.

### Cells

Of connectors and processors that run in processes of their own.

${cellSettings.page(4)}
## Kafka clients

How records are produced and fetched: for all connectors below \`producer.\` and \`consumer.\` in the worker's file, for one connector below
\`producer.override.\` and \`consumer.override.\` in its own.

### producer

${producerSettings.page(4)}
### consumer

${consumerSettings.page(4)}`
}

function connectorSection({ name, kind, documentation, aliases = [], settings }: Connector): string {
  const also = aliases.length === 0 ? '' : ` Also found as ${codes(aliases)}.`
  return `## ${name}

A ${kind}. ${documentation}

\`connector.class=${name}\`.${also}

${settings.page(3)}`
}

/** Those that the other has not. */
function beyond(settings: SettingsDeclaration, other: SettingsDeclaration): SettingsDeclaration {
  const own = Object.entries(settings.declarations).filter(([name]) => other.declarations[name] === undefined)
  return defineSettings(Object.fromEntries(own))
}

function processorsPage(): string {
  const links = PROCESSORS.map(({ processor: { name } }) => `[\`${name}\`](#${name})`).join(', ')
  return `${GENERATED}

# Processors

Bundled are ${links}. A processor's properties file holds its own settings, those [of every application](#every-application), and \`processor.class\`.
For \`sluice processors create -f processor.properties\`, which has workers run it ([how](../how-to/deploy-a-processor.md)), those
[of every deployed processor](#every-deployed-processor) besides; for \`sluice process processor.properties\`, which runs it in the foreground,
\`bootstrap.servers\`, and \`processor.class\` may also be a path that begins with ./ or /. A name that none of these knows is refused by both.

${PROCESSORS.map(({ processor, gates }) => processorSection(processor, gates)).join('\n')}

## Every application

${streamsSettings.page(3)}
## Every deployed processor

${processorSettings.page(3)}`
}

function processorSection({ name, documentation, settings }: Processor, gates: readonly GateDefinition[]): string {
  return `## ${name}

${documentation}

${gates.map((gate) => rulesSection(name, gate)).join('\n\n')}

### Settings of ${name}

${settings.page(4)}`
}

function rulesSection(processor: string, gate: GateDefinition): string {
  const { ruleset, mode } = gate
  const actions = new Map(compileGate(gate).checks.map(({ id, action }) => [id, action]))
  const rules = ruleset.checks.map((check) => rule(check, actions.get(check.id)!))
  const about = ruleset.doc === undefined ? '' : `: ${ruleset.doc}`
  return `### Rules of ${processor}

\`${ruleset.id}\` in version ${ruleset.version}${about}. The gate's mode is \`${mode}\`. A record gets the strongest action of the rules that it
fails: ${ACTIONS.join(' < ')}.

${rules.join('\n')}`
}

function rule(check: CheckDefinition, action: string): string {
  const fields = check.fields ?? (check.field === undefined ? [] : [check.field])
  const of = fields.length === 0 ? '' : ` of ${codes(fields)}`
  return `- **\`${check.id}\`** ([\`${check.check}\`](checks.md#${check.check})${of}; severity ${check.severity ?? 'error'}, action ${action}). ${check.doc ?? ''}`
}

/** A converter, transform or predicate; some say what they do and declare their settings. */
interface Plugin {
  readonly name: string
  readonly aliases: readonly string[]
  readonly documentation?: string
  readonly settings?: SettingsDeclaration
}

function pluginsPage(
  converters: readonly Plugin[],
  transforms: readonly Plugin[],
  predicates: readonly Plugin[],
): string {
  return `${GENERATED}

# Converters and transforms

Configurations written for Kafka Connect name these by Java's class names; those names are understood.

## Converters

A converter turns the key, the value or the headers of a record into bytes and back. Name it in \`key.converter\`, \`value.converter\` or
\`header.converter\`; its own settings stand below that name, such as \`value.converter.schemas.enable\`.

${pluginList(converters.map((plugin) => (plugin.name === 'json' ? { settings: jsonSettings, ...plugin } : plugin)))}

## Transforms

A transform changes or drops records one by one. Give it an alias in \`transforms\`; its settings stand below \`transforms.<alias>.\`, its name in
\`transforms.<alias>.type\`.

${pluginList(transforms)}

## Predicates

A predicate says to which records a transform applies. Give it an alias in \`predicates\`; its settings stand below \`predicates.<alias>.\`, its
name in \`predicates.<alias>.type\`.

${pluginList(predicates)}
`
}

function pluginList(plugins: readonly Plugin[]): string {
  if (plugins.length === 0) return 'None are bundled yet.'
  const rows = plugins.map(({ name, aliases }) => `| \`${name}\` | ${codes(aliases)} |`)
  const sections = plugins.map(({ name, documentation, settings }) => {
    if (documentation === undefined && settings === undefined) return ''
    return `\n\n### ${name}\n\n${documentation ?? ''}\n\n${settings?.page(4) ?? ''}`
  })
  return `| name | also found as |\n|---|---|\n${rows.join('\n')}${sections.join('')}`
}

function codes(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ')
}

/** A text within a table. */
function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}

async function formatted(text: string): Promise<string> {
  const options = await prettier.resolveConfig(new URL('../../../../docs/reference/page.md', import.meta.url))
  return prettier.format(text, { ...options, parser: 'markdown' })
}
