import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Lanes } from '../../src/herder/lanes.ts'
import { Tick } from '../../src/herder/tick.ts'

let clock: FakeClock
let isSettled: boolean
let tick: Tick
let done: string[]

beforeEach(() => {
  clock = new FakeClock()
  isSettled = true
  done = []
  tick = new Tick({ clock, logger: silentLogger, isSettled: () => isSettled })
})

const note = (what: string) => (): void => {
  done.push(what)
}

describe('the tick', () => {
  test('does requests in the order of their due times, then of their arrival', async () => {
    void tick.request('late', note('late'), { delayMs: 100 })
    void tick.request('first', note('first'))
    void tick.request('second', note('second'))
    await tick.runDue()
    expect(done).toEqual(['first', 'second'])
    clock.advance(100)
    await tick.runDue()
    expect(done).toEqual(['first', 'second', 'late'])
  })

  test('keeps what needs peace waiting, and goes on with the rest', async () => {
    isSettled = false
    void tick.request('a write', note('a write'))
    void tick.request('a look', note('a look'), { needsSettled: false })
    await tick.runDue()
    expect(done).toEqual(['a look'])
    isSettled = true
    await tick.runDue()
    expect(done).toEqual(['a look', 'a write'])
  })

  test('refuses what has waited too long, and never does it afterwards', async () => {
    isSettled = false
    const refused = tick.request('a write', note('a write')).catch((error: unknown) => error)
    clock.advance(90_000)
    await tick.runDue()
    isSettled = true
    await tick.runDue()
    expect(await refused).toMatchObject({ status: 409 })
    expect(done).toEqual([])
  })

  test('hands a failure to whoever asked, and goes on', async () => {
    const failed = tick.request('bad', () => Promise.reject(new Error('no')))
    void tick.request('good', note('good'))
    failed.catch(() => undefined)
    await tick.runDue()
    await expect(failed).rejects.toThrow('no')
    expect(done).toEqual(['good'])
  })

  test('names what it does, and what it did last', async () => {
    const work = Promise.withResolvers<void>()
    void tick.request('stopping connector a', () => work.promise)
    const turn = tick.runDue()
    const since = clock.now()
    expect(tick.stage()).toEqual({ what: 'stopping connector a', since, until: null })
    clock.advance(7)
    work.resolve()
    await turn
    expect(tick.stage()).toEqual({ what: 'stopping connector a', since, until: since + 7 })
  })

  test('rests until woken, until something is due, or for the time given', async () => {
    const rests = async (): Promise<boolean> => {
      let isOver = false
      void tick.rest(1_000).then(() => (isOver = true))
      await new Promise((resolve) => void setImmediate(resolve))
      return !isOver
    }
    expect(await rests()).toBe(true)
    tick.wake()
    await new Promise((resolve) => void setImmediate(resolve))
    void tick.request('now', note('now'))
    expect(await rests()).toBe(false)
    await tick.runDue()
    void tick.request('soon', note('soon'), { delayMs: 50 })
    await tick.rest(0)
    const resting = tick.rest(1_000)
    clock.advance(50)
    await resting
    const idle = tick.rest(1_000)
    clock.advance(1_000)
    await idle
  })

  test('halted, it refuses what waits and whatever comes', async () => {
    const waiting = tick.request('a', note('a')).catch((error: unknown) => error)
    tick.halt(new Error('over'))
    await expect(waiting).resolves.toMatchObject({ message: 'over' })
    await expect(tick.request('b', note('b'))).rejects.toThrow('over')
    await tick.runDue()
    expect(done).toEqual([])
  })

  test('has a bound', async () => {
    for (let n = 0; n < 10_000; n++) void tick.request('x', note('x'))
    await expect(tick.request('one too many', note('no'))).rejects.toMatchObject({ retriable: true })
  })
})

describe('lanes', () => {
  test('keep the order of one, do not wait for another, and wait for all of several', async () => {
    const lanes = new Lanes()
    const first = Promise.withResolvers<void>()
    void lanes.run(['a'], () => first.promise.then(note('a1')))
    void lanes.run(['a'], async () => note('a2')())
    await lanes.run(['b'], async () => note('b1')())
    const both = lanes.run(['a', 'b'], async () => note('ab')())
    const after = lanes.run(['b'], async () => note('b2')())
    await new Promise((resolve) => void setImmediate(resolve))
    expect(done).toEqual(['b1'])
    first.resolve()
    await Promise.all([both, after])
    expect(done).toEqual(['b1', 'a1', 'a2', 'ab', 'b2'])
  })

  test('go on after a failure', async () => {
    const lanes = new Lanes()
    const failed = lanes.run(['a'], () => Promise.reject(new Error('no')))
    const after = lanes.run(['a'], async () => note('after')())
    await expect(failed).rejects.toThrow('no')
    await after
    expect(done).toEqual(['after'])
  })
})
