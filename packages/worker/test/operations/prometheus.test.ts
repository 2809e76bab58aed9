import { expect, test } from '@jest/globals'
import { MemoryMetrics } from '@sluice/sdk'
import { prometheusText } from '../../src/operations/prometheus.ts'

test('series of a metric stand together under its type, with labels as Prometheus escapes them', () => {
  const metrics = new MemoryMetrics()
  metrics.counter('b_total', { connector: 'x"\\\n\té' }).add(2)
  metrics.gauge('a', {}).set(Infinity)
  metrics.counter('b_total', { connector: 'y', task: '0' }).add(1.5)
  metrics.gauge('b').set(Number.NaN)
  expect(prometheusText(metrics.snapshot())).toBe(
    [
      '# TYPE a gauge',
      'a +Inf',
      '# TYPE b gauge',
      'b NaN',
      '# TYPE b_total counter',
      `b_total{connector="x\\"\\\\\\n\té"} 2`,
      'b_total{connector="y",task="0"} 1.5',
      '',
    ].join('\n'),
  )
})

test('nothing measured is nothing said', () => {
  expect(prometheusText(new Map())).toBe('')
})
