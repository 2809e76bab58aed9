import { describe, expect, test } from '@jest/globals'
import { Watchdog, WATCH_LIMITS } from '../../src/cells/watchdog.ts'

/** One that looks every second. */
function watching(): {
  readonly look: (count: number, residentBytes?: number) => readonly string[]
  readonly dog: Watchdog
  readonly sleep: (ms: number) => void
} {
  let now = 0
  const dog = new Watchdog(WATCH_LIMITS, now)
  return {
    dog,
    sleep: (ms) => void (now += ms),
    look: (count, residentBytes = 0) =>
      Array.from({ length: count }, () => dog.look((now += 1000), residentBytes).type),
  }
}

describe('an event loop that stands still', () => {
  test('is told of once, and ends the cell in the end', () => {
    const { dog, look } = watching()
    dog.pinged()
    const verdicts = look(30)
    expect(verdicts.indexOf('stalling')).toBe(4)
    expect(verdicts.filter((verdict) => verdict === 'stalling')).toHaveLength(1)
    expect(verdicts.indexOf('stalled')).toBe(29)
  })

  test('and turns again is well, and is told of anew the next time', () => {
    const { dog, look } = watching()
    dog.pinged()
    look(20)
    dog.ponged()
    expect(look(60)).not.toContain('stalled')
    dog.pinged()
    expect(look(5).at(-1)).toBe('stalling')
  })

  test('while nobody looked counts no more than two looks', () => {
    const { dog, look, sleep } = watching()
    dog.pinged()
    sleep(3_600_000)
    expect(look(1)).toEqual(['well'])
  })
})

describe('memory', () => {
  const { memoryMaxBytes } = WATCH_LIMITS

  test('above its limit for one look is a peak, for two it is not', () => {
    const { look } = watching()
    expect(look(1, memoryMaxBytes + 1)).toEqual(['well'])
    expect(look(1, memoryMaxBytes)).toEqual(['well'])
    expect(look(2, memoryMaxBytes + 1)).toEqual(['well', 'too-large'])
  })

  test('half again above it ends the cell at once', () => {
    expect(watching().look(1, memoryMaxBytes * 1.6)).toEqual(['too-large'])
  })
})
