import { expect, test } from '@jest/globals'
import { METRIC_DOCUMENTATION } from '../../src/operations/metric-names.ts'
import { seriesOf } from '../../src/operations/series.ts'
import { processorFigures } from '../../src/processors/processor-figures.ts'

const of = { processor: 'orders', instance: 1 }
const thread = 'orders-0b5c-StreamThread-2'

function told(groups: Parameters<typeof processorFigures>[0]): ReadonlyMap<string, number> {
  return seriesOf({ samples: [], figures: processorFigures(groups, of) })
}

test('Kafka Streams’ names, by processor and instance: a restart, which changes ids of clients and threads, makes no new series', () => {
  const task = { 'thread-id': thread, 'task-id': '0_3' }
  const node = { ...task, 'processor-node-id': 'KSTREAM-SOURCE-0' }
  const series = told([
    { group: 'stream-metrics', tags: { 'client-id': 'orders-0b5c' }, values: { 'client-state': 2 } },
    { group: 'stream-thread-metrics', tags: { 'thread-id': thread }, values: { 'process-total': 7, 'poll-rate': NaN } },
    { group: 'stream-topic-metrics', tags: { ...node, 'topic-name': 't' }, values: { 'bytes-consumed-total': 9 } },
    { group: 'stream-state-metrics', tags: { ...task, 'lmdb-window-state-id': 's' }, values: { 'put-total': 3 } },
  ])
  expect(Object.fromEntries(series)).toEqual({
    'kafka_streams_stream_client_state{instance="1",processor="orders"}': 2,
    'kafka_streams_stream_thread_process_total{instance="1",processor="orders",thread="2"}': 7,
    'kafka_streams_stream_topic_bytes_consumed_total{instance="1",node="KSTREAM-SOURCE-0",processor="orders",task="0_3",thread="2",topic="t"}': 9,
    'kafka_streams_stream_state_put_total{instance="1",processor="orders",store="s",task="0_3",thread="2"}': 3,
    'sluice_processor_series_left_out{instance="1",processor="orders"}': 0,
  })
  for (const name of series.keys()) expect(METRIC_DOCUMENTATION.has(name.replace(/\{.*/, ''))).toBe(true)
})

test('of an instance at most two thousand series are told, those of its threads among them, and how many are not', () => {
  const tasks = Array.from({ length: 1_500 }, (_, partition) => ({
    group: 'stream-task-metrics',
    tags: { 'thread-id': thread, 'task-id': `0_${partition}` },
    values: { 'process-total': 1, 'process-rate': 1 },
  }))
  const own = { group: 'stream-thread-metrics', tags: { 'thread-id': thread }, values: { 'process-total': 1 } }
  const series = told([...tasks, own])
  expect(series.size).toBe(2_000)
  expect(series.get('kafka_streams_stream_thread_process_total{instance="1",processor="orders",thread="2"}')).toBe(1)
  expect(series.get('sluice_processor_series_left_out{instance="1",processor="orders"}')).toBe(1_002)
})
