/** The metrics of an application under Kafka Streams' names (`KafkaStreams.metrics()`), and what each says. */

/** Which of them are measured: `metrics.recording.level`. */
export type RecordingLevel = 'INFO' | 'DEBUG'

/** One of Kafka Streams' groups: `kafka.streams:type=<group>,<tag>=…`. */
export interface StreamMetricGroup {
  readonly group: string
  readonly tags: readonly string[]
  readonly level: RecordingLevel
  /** By attribute. */
  readonly numbers: Readonly<Record<string, string>>
}

const THREAD = 'thread-id'
const TASK = [THREAD, 'task-id'] as const

function activity(stem: string, what: string): Readonly<Record<string, string>> {
  return {
    [`${stem}-total`]: `${what}.`,
    [`${stem}-rate`]: 'Those per second.',
    [`${stem}-latency-avg`]: 'How long one took, in milliseconds.',
    [`${stem}-latency-max`]: 'How long the longest took, in milliseconds.',
    [`${stem}-ratio`]: 'The part of the thread’s time that they took, from 0 to 1.',
  }
}

/** The operations of stores that are measured, by Kafka Streams' names, with the methods that they are. */
export const STORE_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  put: ['put'],
  'put-if-absent': ['putIfAbsent'],
  'put-all': ['putAll'],
  get: ['get', 'getAsOf', 'getRange'],
  delete: ['delete'],
  remove: ['remove'],
  fetch: [
    'fetch',
    'fetchRange',
    'backwardFetchRange',
    'fetchKeys',
    'backwardFetchKeys',
    'fetchAll',
    'backwardFetchAll',
    'fetchSession',
    'findSessions',
    'backwardFindSessions',
    'findSessionsOfKeys',
    'findSessionsByEnd',
  ],
  all: ['all', 'reverseAll'],
  range: ['range', 'reverseRange'],
  'prefix-scan': ['prefixScan'],
  flush: ['flush'],
}

/** One call of so many is timed. */
export const LATENCY_SAMPLE = 64

export const STREAM_METRIC_GROUPS: readonly StreamMetricGroup[] = [
  {
    group: 'stream-metrics',
    tags: ['client-id'],
    level: 'INFO',
    numbers: {
      'client-state':
        '0 CREATED, 1 REBALANCING, 2 RUNNING, 3 PENDING_SHUTDOWN, 4 NOT_RUNNING, 5 PENDING_ERROR, 6 ERROR; ours beside: 7 HALTED.',
      'alive-stream-threads': 'Threads that have not ended.',
      'failed-stream-threads': 'Threads that an error has ended.',
    },
  },
  {
    group: 'stream-thread-metrics',
    tags: [THREAD],
    level: 'INFO',
    numbers: {
      ...activity('poll', 'Polls for records'),
      'poll-records-avg': 'Records that a poll brought.',
      'poll-records-max': 'Records that a poll brought at most.',
      ...activity('process', 'Records processed'),
      'process-records-avg': 'Records processed at a time.',
      'process-records-max': 'Records processed at a time, at most.',
      ...activity('punctuate', 'Punctuators called by the clock'),
      ...activity('commit', 'Commits'),
      'task-created-total': 'Tasks that have begun.',
      'task-created-rate': 'Those per second.',
      'task-closed-total': 'Tasks that have ended.',
      'task-closed-rate': 'Those per second.',
      'thread-start-time': 'When the thread has started, in milliseconds since the epoch.',
      'blocked-time-ns-total': 'How long it has waited for Kafka, in nanoseconds.',
    },
  },
  {
    group: 'stream-task-metrics',
    tags: TASK,
    level: 'DEBUG',
    numbers: {
      'process-total': 'Records processed.',
      'process-rate': 'Those per second.',
      'process-latency-avg': 'How long one took, in nanoseconds.',
      'process-latency-max':
        'How long it took at most, in nanoseconds: the mean of those that were processed at a time.',
      'dropped-records-total': 'Records, or parts of them, that operators and stores let go by their own rules.',
      'dropped-records-rate': 'Those per second.',
    },
  },
  {
    group: 'stream-processor-node-metrics',
    tags: [...TASK, 'processor-node-id'],
    level: 'INFO',
    numbers: {
      'process-total': 'Records that a source has given.',
      'process-rate': 'Those per second.',
      'record-e2e-latency-avg':
        'How old the newest record of a source was when it was processed, in milliseconds: one for all of a round.',
      'record-e2e-latency-min': 'How old at least.',
      'record-e2e-latency-max': 'How old at most.',
    },
  },
  {
    group: 'stream-topic-metrics',
    tags: [...TASK, 'processor-node-id', 'topic-name'],
    level: 'INFO',
    numbers: {
      'records-consumed-total': 'Records of the topic that have come.',
      'bytes-consumed-total': 'Bytes of them, as they came.',
    },
  },
  {
    group: 'stream-state-metrics',
    tags: [...TASK, 'lmdb-state-id'],
    level: 'DEBUG',
    numbers: Object.fromEntries(
      Object.keys(STORE_OPERATIONS).flatMap((operation) => [
        [`${operation}-total`, `Calls of ${operation}.`],
        [`${operation}-rate`, 'Those per second.'],
        [`${operation}-latency-avg`, `How long one took, in nanoseconds: one of ${LATENCY_SAMPLE} is timed.`],
        [`${operation}-latency-max`, 'How long one took at most.'],
      ]),
    ),
  },
]
