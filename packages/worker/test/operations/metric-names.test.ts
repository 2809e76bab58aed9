import { describe, expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { METRIC_GROUPS, metricName } from '../../src/operations/metric-names.ts'
import { seriesOf } from '../../src/operations/series.ts'
import { ErrorFigures } from '../../src/record-path/error-figures.ts'
import { SinkFigures } from '../../src/record-path/sink-figures.ts'
import { SinkLag } from '../../src/record-path/sink-lag.ts'
import { SourceFigures } from '../../src/record-path/source-figures.ts'
import { TaskFigures } from '../../src/record-path/task-figures.ts'

const TAGS = { connector: 'orders', task: '0' }

test.each([
  ['connect-worker-metrics', 'connector-count', 'kafka_connect_worker_connector_count'],
  ['connect-worker-rebalance-metrics', 'epoch', 'kafka_connect_worker_rebalance_epoch'],
  ['connect-coordinator-metrics', 'assigned-tasks', 'kafka_connect_coordinator_assigned_tasks'],
  ['connector-task-metrics', 'running-ratio', 'kafka_connect_connector_task_running_ratio'],
  ['source-task-metrics', 'source-record-poll-total', 'kafka_connect_source_task_source_record_poll_total'],
  ['sink-task-metrics', 'partition-count', 'kafka_connect_sink_task_partition_count'],
  ['task-error-metrics', 'total-retries', 'kafka_connect_task_error_total_retries'],
  ['sink-partition-metrics', 'records-lag', 'sluice_sink_partition_records_lag'],
])('%s %s is %s', (group, attribute, name) => {
  expect(metricName(group, attribute)).toBe(name)
})

describe('what tasks measure', () => {
  const clock = new FakeClock()
  const lag = new SinkLag(clock)
  lag.assigned([{ topic: 't', partition: 3, offset: 10, position: 4 }])
  const sink = new SinkFigures(TAGS, clock, lag)
  const groups = [
    new TaskFigures(TAGS, clock),
    new SourceFigures(TAGS, clock),
    sink,
    new ErrorFigures(TAGS, clock),
  ].map((figures) => figures.read())

  test.each([...groups, ...sink.readLags()])('$group is what is documented', ({ group, tags, values }) => {
    const documented = METRIC_GROUPS.find((one) => one.group === group)!
    expect(Object.keys(tags)).toEqual(documented.tags)
    expect(Object.keys(values).toSorted()).toEqual(Object.keys(documented.numbers).toSorted())
  })

  test('becomes series: numbers that say something, words as labels, and the status for itself', () => {
    const values = { 'running-ratio': 0.5, 'batch-size-max': Number.NaN, 'connector-class': 'x', status: 'running' }
    const figures = [{ group: 'connector-task-metrics', tags: TAGS, values }]
    const samples = [{ name: 'orders_total', labels: { connector: 'orders' }, value: 2 }]
    expect(Object.fromEntries(seriesOf({ samples, figures }))).toEqual({
      'orders_total{connector="orders"}': 2,
      'kafka_connect_connector_task_running_ratio{connector="orders",task="0"}': 0.5,
      'kafka_connect_connector_task_info{connector="orders",connector_class="x",task="0"}': 1,
      'kafka_connect_connector_task_status{connector="orders",status="running",task="0"}': 1,
    })
  })
})
