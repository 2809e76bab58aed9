/** The metrics of a worker: Kafka Connect's (`ConnectMetricsRegistry`; KIP-196, KIP-475) and ours, and what each says. */
import { PROCESSOR_METRIC_GROUPS } from './processor-metrics.ts'

/** One of Kafka Connect's groups: `kafka.connect:type=<group>,<tag>=…`. */
export interface MetricGroup {
  readonly group: string
  readonly tags: readonly string[]
  /** By attribute. */
  readonly numbers: Readonly<Record<string, string>>
  /** Attributes that are words. */
  readonly texts?: Readonly<Record<string, string>>
  /** Kafka Connect has no such group. */
  readonly isOurs?: true
}

export interface OwnMetric {
  readonly name: string
  readonly labels: readonly string[]
  readonly documentation: string
}

const TASK = ['connector', 'task'] as const

function startups(kind: 'connector' | 'task'): Readonly<Record<string, string>> {
  return {
    [`${kind}-startup-attempts-total`]: `Starts of ${kind}s that have come to something.`,
    [`${kind}-startup-success-total`]: `Those after which the ${kind} ran.`,
    [`${kind}-startup-success-percentage`]: 'Their part of the starts of the last 30 to 60 seconds, from 0 to 1.',
    [`${kind}-startup-failure-total`]: `Those after which the ${kind} was FAILED.`,
    [`${kind}-startup-failure-percentage`]: 'Their part of the starts of the last 30 to 60 seconds, from 0 to 1.',
  }
}

/** The states of tasks that are counted per connector. */
export const COUNTED_STATES = ['running', 'paused', 'failed', 'unassigned', 'destroyed', 'restarting'] as const

export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    group: 'connect-worker-metrics',
    tags: [],
    numbers: {
      'connector-count': 'Connectors that run in this worker, failed ones included.',
      'task-count': 'Tasks that run in this worker, failed ones included.',
      ...startups('connector'),
      ...startups('task'),
    },
  },
  {
    group: 'connect-worker-metrics',
    tags: ['connector'],
    numbers: {
      'connector-total-task-count': 'Tasks of the connector that run in this worker.',
      ...Object.fromEntries(
        COUNTED_STATES.map((state) => [`connector-${state}-task-count`, `Those of them that are ${state}.`]),
      ),
    },
  },
  {
    group: 'connect-worker-rebalance-metrics',
    tags: [],
    numbers: {
      epoch: "The group's generation.",
      'completed-rebalances-total': 'Rebalances whose outcome this worker has acted on.',
      rebalancing: 'Whether one is under way: 1 or 0.',
      'rebalance-max-time-ms':
        'The longest of the last 30 to 60 seconds, from joining to the start of what was assigned.',
      'rebalance-avg-time-ms': 'Their mean.',
      'time-since-last-rebalance-ms': 'Milliseconds since the last one was complete; infinite before the first.',
    },
    texts: {
      'connect-protocol': 'EAGER, COMPATIBLE or SESSIONED.',
      'leader-name': "The leader's URL.",
    },
  },
  {
    group: 'connect-coordinator-metrics',
    tags: [],
    numbers: {
      'assigned-connectors': 'Connectors that the group has given to this worker.',
      'assigned-tasks': 'Tasks that the group has given to this worker.',
    },
  },
  {
    group: 'connector-metrics',
    tags: ['connector'],
    numbers: {},
    texts: {
      'connector-type': 'source or sink.',
      'connector-class': 'As the settings name it.',
      'connector-version': 'Of the plugin, once it is known.',
      status: 'running, paused, stopped, failed, restarting or unassigned.',
    },
  },
  {
    group: 'connector-task-metrics',
    tags: TASK,
    numbers: {
      'running-ratio': 'The part of its time that the task has run.',
      'pause-ratio': 'The part of its time that it was paused.',
      'batch-size-max': 'Records of the largest batch.',
      'batch-size-avg': 'Records of a batch.',
      'offset-commit-max-time-ms': 'The longest that storing positions or committing offsets took.',
      'offset-commit-avg-time-ms': 'How long it takes.',
      'offset-commit-success-percentage': 'The part of those that succeed, from 0 to 1.',
      'offset-commit-failure-percentage': 'The part of those that fail, from 0 to 1.',
    },
    texts: {
      status: 'running, paused, failed, restarting or unassigned.',
      'connector-class': 'As the settings name it.',
      'connector-type': 'source or sink.',
      'connector-version': 'Of the plugin.',
      'task-class': "Java's name of the task, as the connector's settings have it.",
      'task-version': 'Of the plugin.',
      'key-converter-class': 'The converter of keys.',
      'key-converter-version': 'Its version.',
      'value-converter-class': 'The converter of values.',
      'value-converter-version': 'Its version.',
      'header-converter-class': 'The converter of headers.',
      'header-converter-version': 'Its version.',
    },
  },
  {
    group: 'connector-transform-metrics',
    tags: [...TASK, 'transform'],
    numbers: {},
    texts: { 'transform-class': 'The class of the transform.', 'transform-version': 'Its version.' },
  },
  {
    group: 'connector-predicate-metrics',
    tags: [...TASK, 'predicate'],
    numbers: {},
    texts: { 'predicate-class': 'The class of the predicate.', 'predicate-version': 'Its version.' },
  },
  {
    group: 'source-task-metrics',
    tags: TASK,
    numbers: {
      'source-record-poll-rate': 'Records per second that the source gave, before transforms.',
      'source-record-poll-total': 'Records that the source gave, before transforms.',
      'source-record-write-rate': 'Records per second that Kafka has.',
      'source-record-write-total': 'Records that Kafka has.',
      'poll-batch-max-time-ms': 'The longest that a poll took.',
      'poll-batch-avg-time-ms': 'How long a poll takes.',
      'source-record-active-count': 'Records polled and not yet settled.',
      'source-record-active-count-max': 'The most of them at a time.',
      'source-record-active-count-avg': 'Their mean.',
      'transaction-size-min': 'Records of the smallest transaction (exactly once alone).',
      'transaction-size-max': 'Records of the largest one.',
      'transaction-size-avg': 'Their mean.',
    },
  },
  {
    group: 'sink-task-metrics',
    tags: TASK,
    numbers: {
      'sink-record-read-rate': 'Records per second that were read, before transforms.',
      'sink-record-read-total': 'Records that were read, before transforms.',
      'sink-record-send-rate': 'Records per second that were put, after transforms.',
      'sink-record-send-total': 'Records that were put, after transforms.',
      'sink-record-active-count': 'Records put and not yet committed.',
      'sink-record-active-count-max': 'The most of them at a time.',
      'sink-record-active-count-avg': 'Their mean.',
      'sink-record-lag-max': 'Records that the partition is behind which is furthest behind.',
      'partition-count': 'Partitions that the task has.',
      'offset-commit-seq-no': 'The number of the last commit.',
      'offset-commit-completion-rate': 'Commits per second.',
      'offset-commit-completion-total': 'Commits.',
      'offset-commit-skip-rate': 'Commits per second that were not needed, or came too late.',
      'offset-commit-skip-total': 'Commits that were not needed, or came too late.',
      'put-batch-max-time-ms': 'The longest that a put took.',
      'put-batch-avg-time-ms': 'How long a put takes.',
    },
  },
  {
    group: 'task-error-metrics',
    tags: TASK,
    numbers: {
      'total-record-failures': 'Records that failed in the task.',
      'total-record-errors': 'Errors of records, those that a retry has mended included.',
      'total-records-skipped': 'Records that were skipped because of errors.',
      'total-retries': 'Retries.',
      'total-errors-logged': 'Errors that were logged.',
      'deadletterqueue-produce-requests': 'Dead letters that were sent.',
      'deadletterqueue-produce-failures': 'Dead letters that could not be sent.',
      'last-error-timestamp': 'When the last one was, in milliseconds since the epoch.',
    },
  },
  {
    group: 'sink-partition-metrics',
    tags: [...TASK, 'topic', 'partition'],
    numbers: {
      'records-lag': 'Records that the sink is behind in the partition.',
      'seconds-lag': 'How old the first of them is, in seconds.',
    },
    isOurs: true,
  },
  {
    group: 'processor-metrics',
    tags: ['processor', 'instance'],
    numbers: { 'series-left-out': 'Series of Kafka Streams’ that an instance has beside those that are told of it.' },
    isOurs: true,
  },
]

const APPLICATION = ['application'] as const
const INPUT = ['application', 'topic', 'partition'] as const
const REST = ['method', 'endpoint', 'status'] as const

export const OWN_METRICS: readonly OwnMetric[] = [
  {
    name: 'sluice_rest_requests_total',
    labels: REST,
    documentation:
      'Requests that were answered. `endpoint` is the path with its parameters by name, or `other`; `status` a class as `2xx`, or `gone` when the client did not wait.',
  },
  { name: 'sluice_rest_request_seconds_total', labels: REST, documentation: 'How long those took, together.' },
  {
    name: 'sluice_rest_request_seconds_max',
    labels: REST,
    documentation: 'The longest of the last 30 to 60 seconds.',
  },
  { name: 'sluice_rest_requests_open', labels: [], documentation: 'Requests that are not answered yet.' },
  { name: 'sluice_herder_turns_total', labels: [], documentation: "The herder's turns (distributed)." },
  { name: 'sluice_herder_turn_seconds_total', labels: [], documentation: 'How long those took, together.' },
  {
    name: 'sluice_herder_turn_seconds_max',
    labels: [],
    documentation: 'The longest of the last 30 to 60 seconds.',
  },
  {
    name: 'sluice_herder_stage_seconds',
    labels: ['stage'],
    documentation:
      'How long the herder has been at what it does now; 0 when it is at nothing. `stage` says what, once it takes a second.',
  },
  { name: 'sluice_herder_requests_waiting', labels: [], documentation: 'Requests that wait for their turn.' },
  {
    name: 'sluice_config_topic_offset',
    labels: [],
    documentation: 'How far this worker has read the config topic: a worker with less than others lags behind.',
  },
  {
    name: 'sluice_cells',
    labels: [],
    documentation: 'Processes that connectors run in; with `of="processor"` those of processors, as below.',
  },
  { name: 'sluice_cell_resident_bytes', labels: ['cell'], documentation: 'Memory of each of them.' },
  {
    name: 'sluice_cell_deaths_total',
    labels: [],
    documentation: 'Cells that have ended before their time, by themselves or because they had to be ended.',
  },
  {
    name: 'sluice_catalogue_is_read',
    labels: [],
    documentation: 'Whether the catalogue of processors is there and up to date: 1 or 0.',
  },
  { name: 'process_resident_memory_bytes', labels: [], documentation: "Memory of the worker's own process." },
  { name: 'process_cpu_seconds_total', labels: [], documentation: 'CPU time that it has taken.' },
  {
    name: 'process_start_time_seconds',
    labels: [],
    documentation: 'When it has started, in seconds since the epoch.',
  },
  ...(
    [
      ['polled', 'Records that sources gave.'],
      ['produced', 'Records that Kafka has.'],
      ['dead_lettered', 'Records that became dead letters.'],
      ['dropped', 'Records that a transform has dropped.'],
      ['skipped', 'Records that were skipped because of errors.'],
    ] as const
  ).map(([what, documentation]) => ({
    name: `sluice_source_records_${what}_total`,
    labels: TASK,
    documentation,
  })),
  {
    name: 'sluice_source_position_store_failures_total',
    labels: TASK,
    documentation: 'Times that positions could not be stored.',
  },
  ...(
    [
      ['records_in_total', INPUT, 'Records that a processor has read.'],
      [
        'records_total',
        [...INPUT, 'outcome'],
        'What became of them: passed, quarantined or dropped; marked ones are among the passed.',
      ],
      ['position', INPUT, 'The next offset to process.'],
      ['records_out_total', APPLICATION, 'Records that it has put out.'],
      ['bytes_out_total', APPLICATION, 'Bytes of them.'],
      ['process_seconds_total', APPLICATION, 'How long decoding, processing and encoding took, together.'],
      ['commits_total', APPLICATION, 'Commits.'],
      ['restarts_total', APPLICATION, 'Times that a thread began again from what was committed.'],
    ] as const
  ).map(([what, labels, documentation]) => ({ name: `sluice_streams_${what}`, labels, documentation })),
  ...(
    [
      ['records_total', ['outcome'], 'What gates made of records.'],
      ['intended_records_total', ['outcome'], 'What mode enforce would have made of them.'],
      ['check_evaluations_total', ['check', 'result'], 'Evaluations of checks: pass, fail, skip or error.'],
      ['rule_version_info', ['ruleset', 'ruleset_version', 'mode'], 'Which rules are in force: always 1.'],
    ] as const
  ).map(([what, labels, documentation]) => ({
    name: `sluice_gate_${what}`,
    labels: ['flow', 'gate', 'version', ...labels],
    documentation: `${documentation} \`flow\` is the application of a processor.`,
  })),
]

const OURS = new Set(METRIC_GROUPS.flatMap(({ group, isOurs }) => (isOurs === true ? [group] : [])))

const OF_STREAMS = new Set(PROCESSOR_METRIC_GROUPS.map(({ group }) => group))

/** By group and attribute, made once: a page has each of them a thousand times. */
const NAMES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  [...METRIC_GROUPS, ...PROCESSOR_METRIC_GROUPS].map(({ group, numbers }) => [
    group,
    new Map(Object.keys(numbers).map((attribute) => [attribute, named(group, attribute)])),
  ]),
)

/** `source-task-metrics`, `source-record-poll-total` → `kafka_connect_source_task_source_record_poll_total`, as Strimzi's rules name it. */
export function metricName(group: string, attribute: string): string {
  return NAMES.get(group)?.get(attribute) ?? named(group, attribute)
}

function named(group: string, attribute: string): string {
  const stem = group.replace(/^connect-/, '').replace(/-metrics$/, '')
  const prefix = OURS.has(group) ? 'sluice' : OF_STREAMS.has(group) ? 'kafka-streams' : 'kafka-connect'
  return underscored(`${prefix}-${stem}-${attribute}`)
}

/** What a metric says, by its name in `/metrics`. */
export const METRIC_DOCUMENTATION: ReadonlyMap<string, string> = new Map([
  ...METRIC_GROUPS.flatMap(({ group, numbers, texts = {} }) => [
    ...Object.entries(numbers).map(([attribute, text]) => [metricName(group, attribute), text] as const),
    ...Object.keys(texts).map((): readonly [string, string] => [
      metricName(group, 'info'),
      'Words, as labels: always 1.',
    ]),
    ...Object.keys(texts)
      .filter((attribute) => attribute === 'status')
      .map((): readonly [string, string] => [metricName(group, 'status'), 'The state, as a label: always 1.']),
  ]),
  ...PROCESSOR_METRIC_GROUPS.flatMap(({ group, numbers }) =>
    Object.entries(numbers).map(([attribute, text]) => [metricName(group, attribute), text] as const),
  ),
  ...OWN_METRICS.map(({ name, documentation }) => [name, documentation] as const),
])

export function underscored(name: string): string {
  return name.replaceAll('-', '_')
}
