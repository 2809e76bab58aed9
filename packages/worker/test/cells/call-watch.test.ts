import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import { FakeClock } from '@sluice/sdk/testing'
import { CallWatch, watched } from '../../src/cells/call-watch.ts'
import { LastWordsPage, LastWordsWriter } from '../../src/cells/last-words.ts'

const of = { connector: 'a', task: 0 }

describe('who is inside of a connector', () => {
  test('is known for as long as a call has not come back, and when a task last gave an answer', async () => {
    const clock = new FakeClock()
    const watch = new CallWatch(clock)
    const back = Promise.withResolvers<number>()
    const call = watch.run({ ...of, what: 'poll' }, () => back.promise)
    clock.advance(3000)
    expect(watch.open(1000)).toEqual([{ ...of, what: 'poll', forMs: 3000 }])
    expect(watch.open(3000)).toEqual([])
    expect(watch.lastReturn('a', 0)).toBeNull()
    back.resolve(5)
    expect(await call).toBe(5)
    await Promise.resolve()
    expect(watch.open(0)).toEqual([])
    expect(watch.lastReturn('a', 0)).toBe(3000)
  })

  test('is known in what it leaves behind: timers and promises', async () => {
    const watch = new CallWatch(new FakeClock())
    const seen: unknown[] = []
    watch.run({ ...of, what: 'start' }, () => setTimeout(() => seen.push(watch.current), 1))
    void watch.run({ ...of, task: 1, what: 'poll' }, async () => {
      await Promise.resolve()
      seen.push(watch.current)
    })
    await new Promise((resolve) => void setTimeout(resolve, 10))
    expect(seen).toEqual([
      { connector: 'a', task: 1, what: 'poll' },
      { connector: 'a', task: 0, what: 'start' },
    ])
    expect(watch.current).toBeNull()
  })

  test('an error is the caller’s as ever', async () => {
    const watch = new CallWatch(new FakeClock())
    const fail = (): never => {
      throw new Error('no')
    }
    expect(() => watch.run({ ...of, what: 'x' }, fail)).toThrow('no')
    await expect(watch.run({ ...of, what: 'x' }, async () => fail())).rejects.toThrow('no')
    expect(watch.open(-1)).toEqual([])
  })
})

test('what is asked for each record is not noted, and is the object’s own', () => {
  class Task {
    #scans = 0
    scan(): number {
      return ++this.#scans
    }
  }
  const clock = new FakeClock()
  const watch = new CallWatch(clock, {
    entered: () => {
      throw new Error('it is noted')
    },
    left: () => undefined,
  })
  expect(watched(new Task(), watch, of).scan()).toBe(1)
  expect(watch.lastReturn('a', 0)).toBeNull()
})

test('a watched object is the object: private fields work, what is not there is not there, frozen ones too', () => {
  class Task {
    #polls = 0
    poll(): number {
      return ++this.#polls
    }
  }
  const watch = new CallWatch(new FakeClock())
  const task = watched(Object.freeze(new Task()), watch, of)
  expect([task.poll(), task.poll()]).toEqual([1, 2])
  expect(Reflect.get(task, 'settled')).toBeUndefined()
  expect('settled' in task).toBe(false)
  expect('poll' in task).toBe(true)
})

describe('the page that a supervisor reads', () => {
  test('says who holds the event loop, also within another call, and nobody when all are out', () => {
    const page = new LastWordsPage()
    const watch = new CallWatch(new FakeClock(), new LastWordsWriter(page.fd))
    expect(page.call()).toBeNull()
    const seen: unknown[] = []
    watch.run({ ...of, what: 'put' }, () => {
      seen.push(page.call())
      watch.run({ connector: 'b', task: null, what: 'validate' }, () => seen.push(page.call()))
      seen.push(page.call())
    })
    expect(seen).toEqual([
      { ...of, what: 'put' },
      { connector: 'b', task: null, what: 'validate' },
      { ...of, what: 'put' },
    ])
    expect(page.call()).toBeNull()
    page.close()
  })

  test('keeps the first last words, whatever follows', () => {
    const page = new LastWordsPage()
    const writer = new LastWordsWriter(page.fd)
    expect(page.words()).toBeNull()
    writer.say({ connector: 'a', reason: 'x'.repeat(10_000) })
    writer.say({ connector: 'b', reason: 'a consequence' })
    expect(page.words()).toMatchObject({ connector: 'a', reason: expect.stringMatching(/^x{1200}$/) })
    page.close()
  })

  test('leaves no file', () => {
    const dir = fs.existsSync('/dev/shm') ? '/dev/shm' : '/tmp'
    const before = fs.readdirSync(dir).filter((name) => name.startsWith('sluice-cell-'))
    const page = new LastWordsPage()
    expect(fs.readdirSync(dir).filter((name) => name.startsWith('sluice-cell-'))).toEqual(before)
    page.close()
  })
})
