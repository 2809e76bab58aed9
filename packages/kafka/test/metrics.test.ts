import { expect, test } from '@jest/globals'
import { type Clock, systemClock } from '@sluice/sdk'
import { MetricsRegistry } from '../src/metrics.ts'

const time = { now: 0 }
const clock: Clock = { ...systemClock, monotonic: () => time.now }

test('a group is the same for the same tags, and reads as plain numbers', () => {
  const registry = new MetricsRegistry(clock)
  const tags = { 'client-id': 'me' }
  registry.group('producer-metrics', tags).total('record-send-total').add(3)
  registry
    .group('producer-metrics', { ...tags })
    .total('record-send-total')
    .add()
  registry.group('producer-metrics', tags).gauge('buffer-available-bytes', () => 7)
  expect(registry.read()).toEqual([
    { group: 'producer-metrics', tags, values: { 'record-send-total': 4, 'buffer-available-bytes': 7 } },
  ])
})

test('a spread has mean and maximum of the last thirty to sixty seconds', () => {
  const set = new MetricsRegistry(clock).group('consumer-metrics', {})
  const latency = set.spread('request-latency')
  const read = (): unknown[] => [set.read().values['request-latency-avg'], set.read().values['request-latency-max']]
  expect(read()).toEqual([NaN, NaN])
  latency.record(10, time.now)
  latency.record(30, time.now)
  expect(read()).toEqual([20, 30])
  time.now += 31_000
  latency.record(50, time.now)
  expect(read()).toEqual([30, 50])
  time.now += 31_000
  expect(read()).toEqual([50, 50])
  time.now += 31_000
  expect(read()).toEqual([NaN, NaN])
  latency.record(1, time.now)
  time.now += 100_000
  expect(read()).toEqual([NaN, NaN])
})

test('a spread has the least of the same time', () => {
  const latency = new MetricsRegistry(clock).group('consumer-metrics', {}).spread('request-latency')
  expect(latency.min(time.now)).toBeNaN()
  latency.record(10, time.now)
  latency.record(30, time.now)
  expect(latency.min(time.now)).toBe(10)
  time.now += 31_000
  latency.record(20, time.now)
  expect(latency.min(time.now)).toBe(10)
  time.now += 31_000
  expect(latency.min(time.now)).toBe(20)
})

test('a meter has all there was, and how much of it came per second of the last thirty to sixty', () => {
  const meter = new MetricsRegistry(clock).group('stream-thread-metrics', {}).meter('process')
  meter.add(300, time.now)
  time.now += 100
  expect(meter.rate(time.now)).toBe(300)
  time.now += 9_900
  expect(meter.rate(time.now)).toBe(30)
  time.now += 30_000
  meter.add(100, time.now)
  expect([meter.total, meter.rate(time.now)]).toEqual([400, 10])
  time.now += 30_000
  expect(meter.rate(time.now)).toBe(2.5)
  time.now += 100_000
  expect([meter.total, meter.rate(time.now)]).toEqual([400, 0])
})

test('a client is measured until the last one of its id was closed', () => {
  const registry = new MetricsRegistry(clock)
  registry.group('producer-metrics', { 'client-id': 'a' }).total('request-total')
  registry.group('producer-node-metrics', { 'client-id': 'a', 'node-id': 'node-1' }).total('request-total')
  registry.group('producer-metrics', { 'client-id': 'b' }).total('request-total')
  const [closeOne, closeOther] = [registry.opened('a'), registry.opened('a')]
  closeOne()
  expect(registry.read()).toHaveLength(3)
  closeOther()
  expect(registry.read().map(({ tags }) => tags['client-id'])).toEqual(['b'])
})
