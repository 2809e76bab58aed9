import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { NEVER } from '../../../src/assignment/assignment-info.ts'
import { Probing } from '../../../src/runtime/thread/probing.ts'

const INTERVAL_MS = 600_000

function planned(): { clock: FakeClock; probing: Probing; reasons: string[] } {
  const clock = new FakeClock()
  const reasons: string[] = []
  const probing = new Probing(clock, (reason) => reasons.push(reason))
  probing.plan(clock.now() + INTERVAL_MS)
  return { clock, probing, reasons }
}

test('joins again when the leader has said, and its subscription is a new one then', async () => {
  const { clock, probing, reasons } = planned()
  clock.advance(INTERVAL_MS - 1)
  await settled()
  expect(reasons).toEqual([])
  clock.advance(1)
  await settled()
  expect(reasons).toHaveLength(1)
  expect(probing.count).toBe(1)
})

test('joins again as soon as the state has been warmed up, and not once more when the time comes', async () => {
  const { clock, probing, reasons } = planned()
  probing.caughtUp()
  clock.advance(INTERVAL_MS)
  await settled()
  expect(reasons).toEqual(['State has been warmed up'])
})

test('does not join again when nothing is planned, or when all is over', async () => {
  const { clock, probing, reasons } = planned()
  probing.plan(NEVER)
  probing.caughtUp()
  probing.plan(clock.now() + 1)
  probing.close()
  probing.plan(clock.now() + 1)
  clock.advance(INTERVAL_MS)
  await settled()
  expect(reasons).toEqual([])
})

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
