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

test('a metric that is documented says so above its type', () => {
  const text = prometheusText(
    new Map([
      ['a{x="1"}', 1],
      ['a{x="2"}', 2],
      ['b', 3],
    ]),
    new Map([['a', 'What it says.']]),
  )
  expect(text).toBe('# HELP a What it says.\n# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\n# TYPE b gauge\nb 3\n')
})

test('nothing measured is nothing said', () => {
  expect(prometheusText(new Map())).toBe('')
})
