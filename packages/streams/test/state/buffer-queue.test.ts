import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BufferQueue, type Waiting } from '../../src/state/buffer-queue.ts'

const before = (a: Waiting, b: Waiting): number =>
  a.time - b.time || (a.order < b.order ? -1 : a.order > b.order ? 1 : a.number - b.number)

test('what waits comes out as from a list in order of time, key and number, whatever is added and removed in between', () => {
  const step = fc.oneof(
    fc.record({
      what: fc.constant('add' as const),
      time: fc.nat(6),
      order: fc.constantFrom('a', 'b', 'a\0', '\xff', 'beyond a', 'beyond b'),
    }),
    fc.record({ what: fc.constantFrom('shift' as const, 'look' as const) }),
    fc.record({ what: fc.constant('remove' as const), which: fc.nat(20) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new BufferQueue<Waiting>()
      let model: Waiting[] = []
      for (const [number, one] of steps.entries()) {
        if (one.what === 'add') {
          const item = { time: one.time, order: one.order, number }
          queue.add(item)
          model = [...model, item].toSorted(before)
        } else if (one.what === 'shift') expect(queue.shift()).toBe(model.shift())
        else if (one.what === 'remove') {
          const item = model[one.which]
          if (item !== undefined) queue.remove(item)
          model = model.filter((other) => other !== item)
        }
        expect([queue.size, queue.firstTime, queue.first]).toEqual([model.length, model[0]?.time ?? Infinity, model[0]])
        if (one.what === 'look') expect([...queue.ascending()]).toEqual(model)
      }
    }),
    { numRuns: 500 },
  )
})

test('while it is walked through, what was handed out may be removed and more may be added behind', () => {
  const queue = new BufferQueue<Waiting>()
  const items = [1, 1, 2, 5].map((time, number) => ({ time, order: 'k', number }))
  for (const item of items) queue.add(item)
  const late = { time: 3, order: 'k', number: 9 }
  const seen: Waiting[] = []
  for (const item of queue.ascending()) {
    seen.push(item)
    if (item.time < 3) queue.remove(item)
    if (item === items[2]) queue.add(late)
  }
  expect(seen).toEqual([...items.slice(0, 3), late, items[3]])
  expect(queue.size).toBe(2)
})

test('many times that come and go leave nothing behind', () => {
  const queue = new BufferQueue<Waiting>()
  for (let time = 0; time < 10_000; time++) {
    queue.add({ time, order: 'k', number: 0 })
    if (time >= 10) expect(queue.shift()!.time).toBe(time - 10)
  }
  expect([queue.size, queue.firstTime]).toEqual([10, 9990])
})
