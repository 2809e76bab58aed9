/** The reference pages about Kafka: the client's options and metrics, and the embedded broker, which is asked over the wire. */
import { commands, helpOf } from '@sluice/cli'
import type { ConfigEntry, MetricGroup } from '@sluice/kafka'
import { type ApiName, apiVersions } from '@sluice/kafka-protocol'
import { type BrokerFacts, RELEASES } from './broker-facts.ts'
import { declaredOptions } from './declared-options.ts'

const PORT = 'packages/kafka/src/port.ts'
const GROUP_PORT = 'packages/kafka/src/group/group-port.ts'
const SECURITY = 'packages/kafka/src/security/security-config.ts'

export function kafkaClientPage({ metrics }: BrokerFacts): string {
  return `# Kafka client

Options and metrics of \`@sluice/kafka\`. What it promises, with an example of each part: [The port](../explanation/kafka-port.md). All times are
milliseconds, all sizes bytes. A setting that Kafka's own clients have too is named in its words.

## Cluster

\`connect(config)\`.

${optionTable('packages/kafka/src/cluster.ts', 'KafkaConfig')}

${optionTable(SECURITY, 'SecurityConfig')}

### ssl

${optionTable(SECURITY, 'SslConfig')}

### sasl

\`PLAIN\`, \`SCRAM-SHA-256\` and \`SCRAM-SHA-512\`:

${optionTable(SECURITY, 'ScramConfig')}

\`OAUTHBEARER\`:

${optionTable(SECURITY, 'OAuthBearerConfig')}

A token:

${optionTable(SECURITY, 'OAuthToken')}

Any other mechanism, as kafkajs 2 has it:

${optionTable(SECURITY, 'CustomMechanism')}

## Producer

\`kafka.producer(options)\`.

${optionTable(PORT, 'ProducerOptions')}

## Transactional producer

\`kafka.transactionalProducer(options)\`: those of a producer, and

${optionTable(PORT, 'TransactionalProducerOptions')}

## Fetcher

\`kafka.fetcher(options)\`.

${optionTable(PORT, 'FetcherOptions')}

## Consumer member

\`kafka.consumerMember(options)\`: a place in a consumer group.

${optionTable(GROUP_PORT, 'ConsumerMemberOptions')}

${optionTable(GROUP_PORT, 'MembershipTimes')}

## Group member

\`kafka.groupMember(options)\`: a place in a group of any kind. The times above, and

${optionTable(GROUP_PORT, 'GroupMemberOptions')}

## Topic table

\`TopicTable.open(kafka, options)\`. With \`key\` and \`value\` (codecs), keys and values have types; else they are bytes.

${optionTable('packages/kafka/src/table/table-port.ts', 'TopicTableOptions')}

## Topic reader

\`TopicReader.open(kafka, options)\`: all records of a topic, in the order of their partitions, without making a table of them.

${optionTable('packages/kafka/src/table/topic-reader.ts', 'TopicReaderOptions')}

## Metrics

\`kafka.metrics()\` gives these groups under Kafka's names. What ends in \`-total\` only grows; \`-avg\` and \`-max\` look back over the last 30 to 60
seconds, and are NaN when there was nothing. Sizes are bytes, times milliseconds unless the name says otherwise.

${metricTable(metrics)}
`
}

export function embeddedKafkaPage({ offers, brokerSettings, topicSettings, groupSettings }: BrokerFacts): string {
  return `# Embedded Kafka

What the broker of \`@sluice/embedded-kafka\` offers, as it says itself to whoever asks. What it is for, and what not:
[The embedded broker](../explanation/embedded-kafka.md).

## Command

${commandUsage('kafka')}

## Options of \`startEmbeddedKafka\`

${optionTable('packages/embedded-kafka/src/options.ts', 'EmbeddedKafkaOptions')}

## APIs

The versions that are offered, by the release that is emulated (\`emulate\`; default ${RELEASES.at(-1)}). An API or a version that is not in the table is not
advertised.

${apiTable(offers)}

Finalised features:

${featureTable(offers)}

## Broker settings

Given as \`--config name=value\` or in \`configs\`. Those marked dynamic can be altered while the broker runs.

${settingTable(brokerSettings)}

## Topic settings

Given when a topic is created, or altered later. The default is the broker's setting of the name in the last column, where there is one.

${settingTable(topicSettings, true)}

## Group settings

${settingTable(groupSettings)}
`
}

function optionTable(file: string, name: string): string {
  const rows = declaredOptions(file, name).map(({ name: option, type, documentation, isRequired }) => {
    const must = isRequired ? ' (must be given)' : ''
    return `| \`${option}\`${must} | ${code(type)} | ${cell(documentation)} |`
  })
  return `| option | type | what |\n|---|---|---|\n${rows.join('\n')}`
}

function commandUsage(name: string): string {
  const { node } = commands.find((command) => command.name === name)!
  return `\`\`\`\n${helpOf([name], node)}\`\`\``
}

function apiTable(offers: BrokerFacts['offers']): string {
  const names = [...new Set(offers.flatMap(({ apis }) => [...apis.keys()]))]
  const keyOf = (name: string): number => apiVersions(name as ApiName).key
  const rows = names
    .toSorted((a, b) => keyOf(a) - keyOf(b))
    .map((name) => `| ${keyOf(name)} | ${name} | ${offers.map(({ apis }) => apis.get(name) ?? '').join(' | ')} |`)
  return `| key | API | ${releases(offers)} |\n|---|---|${'---|'.repeat(offers.length)}\n${rows.join('\n')}`
}

function featureTable(offers: BrokerFacts['offers']): string {
  const names = [...new Set(offers.flatMap(({ features }) => [...features.keys()]))].toSorted()
  const rows = names.map(
    (name) => `| \`${name}\` | ${offers.map(({ features }) => features.get(name) ?? '').join(' | ')} |`,
  )
  return `| feature | ${releases(offers)} |\n|---|${'---|'.repeat(offers.length)}\n${rows.join('\n')}`
}

function releases(offers: BrokerFacts['offers']): string {
  return offers.map(({ release }) => release).join(' | ')
}

function settingTable(entries: readonly ConfigEntry[], areTopics = false): string {
  const rows = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, isReadOnly, documentation, synonyms, value, source }) => {
      const standard =
        source === 'default' ? value : (synonyms.find((synonym) => synonym.source === 'default')?.value ?? null)
      const shown = standard === null || standard === '' ? '' : code(standard)
      const last = areTopics ? code(synonyms.at(-1)?.name ?? '') : isReadOnly ? '' : 'dynamic'
      return `| \`${name}\` | ${type} | ${shown} | ${last} | ${cell(documentation ?? '')} |`
    })
  return `| setting | type | default | ${areTopics ? "broker's" : ''} | what |\n|---|---|---|---|---|\n${rows.join('\n')}`
}

function metricTable(metrics: readonly MetricGroup[]): string {
  const groups = new Map<string, Set<string>>()
  for (const { group, tags, values } of metrics) {
    const kind = `| \`${group}\` | ${Object.keys(tags).map(code).join(', ')} |`
    const names = groups.get(kind) ?? new Set()
    groups.set(kind, names)
    for (const name of Object.keys(values)) names.add(name)
  }
  const rows = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, names]) => `${kind} ${[...names].toSorted().map(code).join(', ')} |`)
  return `| group | tags | metrics |\n|---|---|---|\n${rows.join('\n')}`
}

/** Code within a table; nothing for nothing. */
function code(text: string): string {
  return text === '' ? '' : `\`${cell(text)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}
