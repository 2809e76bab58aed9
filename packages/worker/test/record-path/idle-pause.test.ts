import { describe, expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { IdlePause } from '../../src/record-path/idle-pause.ts'

const clock = new FakeClock()
const pause = new IdlePause(clock)

/** The pauses of a source that has nothing for so long. */
function pausesFor(ms: number): readonly number[] {
  const pauses: number[] = []
  for (let passed = 0; passed < ms; passed += pauses.at(-1)!) {
    pauses.push(pause.next(0))
    clock.advance(pauses.at(-1)!)
  }
  return pauses
}

describe('a source that has nothing', () => {
  test('is asked again at once, then after a quarter of a second, then after a tenth of the time it had nothing', () => {
    expect(pausesFor(2000)).toEqual([5, 10, 20, 40, 80, 160, 185, 250, 250, 250, 250, 250, 250])
    const later = pausesFor(5000)
    expect(later.every((ms) => ms >= 250 && ms <= 750)).toBe(true)
    expect(later).toEqual(later.toSorted((a, b) => a - b))
  })

  test('is asked once a second, however long that goes on', () => {
    pausesFor(10_000)
    expect(pausesFor(60_000)).toEqual(Array.from({ length: 60 }, () => 1000))
  })

  test('is never left alone for more than a second, whenever it comes to the moment of all', () => {
    for (const ms of [250, 500, 750]) {
      pausesFor(20_000)
      clock.advance(ms)
      expect(pause.next(0)).toBeLessThanOrEqual(1000)
    }
  })

  test('and waits for something by itself is not left alone longer than that', () => {
    pausesFor(20_000)
    expect(pause.next(300)).toBeLessThanOrEqual(700)
    expect(pause.next(5000)).toBe(0)
    // One that only took its time to say no is one of many.
    expect(pause.next(4)).toBeGreaterThan(700)
  })

  test('is asked again at once when there was something', () => {
    pause.over()
    expect(pausesFor(30)).toEqual([5, 10, 20])
  })
})
