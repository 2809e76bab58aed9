import { expect, test } from '@jest/globals'
import { Lane, appIdOf } from '@sluice/lake'

test('the appId is fixed: tables in the field hold it', () => {
  expect(appIdOf({ sink: 'orders-lake', cluster: 'c1', topic: 'orders.clean', partition: 3 })).toBe(
    'sluice:orders-lake:c1:orders.clean:3',
  )
  expect(appIdOf({ sink: 's', cluster: '', topic: 't', partition: 0 })).toBe('sluice:s::t:0')
})

test('a position is safe only as far as the table holds it', () => {
  const lane = new Lane('a', 't-0', undefined)
  expect(lane.safeOffset(7)).toBe(7)
  lane.take(7)
  expect([lane.moved, lane.begin, lane.safeOffset(8)]).toEqual([true, 7, undefined])
  lane.committed = 7
  expect([lane.moved, lane.safeOffset(8)]).toEqual([false, 8])
  lane.take(20)
  expect(lane.safeOffset(21)).toBe(8)
  lane.restart(7)
  expect([lane.taken, lane.moved]).toEqual([7, false])
})

test('a worker that stands before what the table holds is not moved ahead', () => {
  expect(new Lane('a', 't-0', 99).safeOffset(50)).toBe(50)
})
