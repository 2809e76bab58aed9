/** Pages about a worker's REST API and its metrics, made from the tables that both are served from. */
import {
  METRIC_GROUPS,
  metricName,
  OWN_METRICS,
  PROCESSOR_METRIC_GROUPS,
  REST_ENDPOINTS,
  restSettings,
} from '@sluice/worker'

export function restPage(): string {
  const byOurs = Map.groupBy(REST_ENDPOINTS, ({ isInternal, isOurs }) =>
    isInternal === true ? 'internal' : isOurs === true ? 'ours' : 'connect',
  )
  return `# REST

Both modes of a worker serve Kafka Connect's REST API, on port 8083 unless \`listeners\` says otherwise. A worker describes it itself, with
bodies and answers: \`GET /openapi.json\`. What is the same as in Kafka Connect and what is not: [Connect compatibility](connect-compatibility.md).

## Endpoints

${endpointTable(byOurs.get('connect') ?? [])}

What Kafka Connect does not have:

${endpointTable(byOurs.get('ours') ?? [])}

Between workers, signed (KIP-507):

${endpointTable(byOurs.get('internal') ?? [])}

## Settings

In the worker's properties file. Keys and certificates may stand below \`listeners.https.\` and \`admin.listeners.https.\`, too: then those alone count
for these listeners. Files with keys and certificates are read again when they change.

${restSettings.page(3)}`
}

export function metricsPage(): string {
  const connects = METRIC_GROUPS.filter(({ isOurs }) => isOurs !== true)
  const others = METRIC_GROUPS.filter(({ isOurs }) => isOurs === true)
  return `# Metrics of a worker

\`GET /metrics\` says them in Prometheus' text format, measured when it is asked for. What ends in \`_total\` only grows; \`_rate\`, \`_avg\` and \`_max\` look back
over the last 30 to 60 seconds. What there is nothing to say of is not there. What a task or a connector has counted is gone with it, and begins at zero
with the next one: on this worker after a restart, on another one after a move.

## Kafka Connect's

Named as public dashboards and alerts have them (Strimzi's mapping): \`kafka_connect_\`, the group, the attribute. Attributes that are words are labels of
a series that is always 1: \`…_info\`; the state has one for itself, \`…_status{status="running"}\`.

${connects.map(groupSection).join('\n\n')}

## Ours

| metric | labels | what |
|---|---|---|
${[
  ...OWN_METRICS.map(({ name, labels, documentation }) => row(name, labels, documentation)),
  ...others.flatMap(({ group, tags, numbers }) =>
    Object.entries(numbers).map(([attribute, text]) => row(metricName(group, attribute), tags, text)),
  ),
].join('\n')}

Besides, what connectors count themselves (\`context.metrics\`), under the names that they give.

## Kafka Streams'

What each instance of a processor measures, by Kafka Streams' groups and names, with \`kafka_streams_\` before them. Its tags are labels: \`thread\` is
the number of the thread in the instance, \`task\` as in \`0_3\`, \`node\` a source of the topology. \`KafkaStreams.metrics()\` tells an application the same
under Kafka Streams' own tags; there the tag of a store says what it is in: \`lmdb-state-id\`, \`in-memory-state-id\`, or with \`-window\` or \`-session\`
before \`-state\`.

Groups marked DEBUG are measured where the processor's settings have \`metrics.recording.level=DEBUG\`. All are moved once per poll, round of records or
commit, but for the calls of stores, which are counted. An instance tells at most 2,000 series of these, those of the application and its threads
first; \`sluice_processor_series_left_out\` says how many it does not tell.

${PROCESSOR_METRIC_GROUPS.map(streamGroupSection).join('\n\n')}
`
}

function streamGroupSection({ group, tags, isDebug, numbers }: (typeof PROCESSOR_METRIC_GROUPS)[number]): string {
  const rows = Object.entries(numbers).map(([attribute, text]) => `| \`${metricName(group, attribute)}\` | ${text} |`)
  return `### ${group}, by ${tags.map((tag) => `\`${tag}\``).join(', ')}${isDebug ? ' (DEBUG)' : ''}

| metric | what |
|---|---|
${rows.join('\n')}`
}

function groupSection({ group, tags, numbers, texts = {} }: (typeof METRIC_GROUPS)[number]): string {
  const labels = tags.length === 0 ? '' : `, by ${tags.map((tag) => `\`${tag}\``).join(', ')}`
  const words = Object.entries(texts).map(([attribute, text]) =>
    attribute === 'status'
      ? row(metricName(group, 'status'), ['status'], text)
      : row(metricName(group, 'info'), [attribute.replaceAll('-', '_')], text),
  )
  const rows = Object.entries(numbers).map(([attribute, text]) => row(metricName(group, attribute), [], text))
  return `### ${group}${labels}

| metric | label | what |
|---|---|---|
${[...rows, ...words].join('\n')}`
}

function row(name: string, labels: readonly string[], documentation: string): string {
  return `| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${documentation} |`
}

function endpointTable(endpoints: typeof REST_ENDPOINTS): string {
  const rows = endpoints.map(({ method, path, summary }) => `| ${method} | \`${path}\` | ${summary} |`)
  return `| method | path | what |\n|---|---|---|\n${rows.join('\n')}`
}
