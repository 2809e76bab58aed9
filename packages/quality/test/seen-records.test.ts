import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SeenRecords } from '../src/seen-records.ts'

test('holds the keys seen last, like a list that is searched', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ key: fc.nat({ max: 12 }).map(String), passed: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
    { weight: 1, arbitrary: fc.constant('reload' as const) },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (entriesMax, steps) => {
      const seen = new SeenRecords(entriesMax, Infinity)
      let model: string[] = []
      for (const [offset, now] of steps.entries()) {
        if (now === 'clear') {
          seen.clear()
          model = []
        } else if (now === 'reload') seen.restore(seen.entries())
        else {
          const record = { key: null, value: null, timestamp: null, topic: 't', partition: 0, offset }
          const isKnown = model.includes(now.key)
          expect(seen.firstOf(now.key, record) !== null).toBe(isKnown)
          seen.settle(now.key, record, now.passed)
          if (isKnown || now.passed) model = [...model.filter((key) => key !== now.key), now.key].slice(-entriesMax)
        }
        expect(seen.entries().map(([key]) => key)).toEqual(model)
      }
    }),
  )
})

test('a full memory forgets without looking through what it has forgotten before', () => {
  const seen = new SeenRecords(50_000, Infinity)
  const before = performance.now()
  for (let offset = 0; offset < 300_000; offset++) {
    seen.settle(`k${offset}`, { key: null, value: null, timestamp: null, offset }, true)
  }
  expect(seen.size).toBe(50_000)
  expect(performance.now() - before).toBeLessThan(3000)
})
