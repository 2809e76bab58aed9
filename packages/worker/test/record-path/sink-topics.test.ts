/** Which topics a sink reads, with the cluster in the test's hand. */
import { describe, expect, test } from '@jest/globals'
import { RetriableError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { SinkTopics } from '../../src/record-path/sink-topics.ts'

/** Lets everything that can go on go on. */
const settle = (): Promise<void> => new Promise((done) => void setImmediate(() => setImmediate(done)))

function watching(there: readonly string[], names: readonly string[], pattern: RegExp | null = null) {
  const clock = new FakeClock()
  const logger = new MemoryLogger()
  const found: (readonly string[])[] = []
  const stop = new AbortController()
  const state: { failure: unknown; looks: number } = { failure: undefined, looks: 0 }
  const topics = new SinkTopics({
    names,
    pattern,
    except: 'dead',
    describe: async (asked = there) => {
      state.looks += 1
      if (state.failure !== undefined) throw state.failure
      return there.filter((topic) => asked.includes(topic)).map((topic) => ({ topic, partitions: 1 }))
    },
    logger,
    clock,
    ageMaxMs: 300_000,
  })
  const ended = topics.watch((those) => found.push(those), stop.signal)
  return { clock, logger, found, stop, state, ended }
}

describe('topics that are named', () => {
  test('are read as soon as they are there, some before others; then nobody looks any more', async () => {
    const there = ['b']
    const { clock, logger, found, state, ended } = watching(there, ['a', 'b'])
    await settle()
    expect(found).toEqual([['b']])
    for (let i = 0; i < 3; i++) {
      clock.advance(500)
      await settle()
    }
    expect([found.length, state.looks]).toEqual([1, 4])
    there.push('a')
    clock.advance(500)
    await ended
    expect(found).toEqual([['b'], ['a', 'b']])
    // Waiting is told once.
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { topics: 'a' } }])
  })

  test('are waited for until the task is stopped', async () => {
    const { found, stop, ended } = watching([], ['a'])
    await settle()
    stop.abort()
    await ended
    expect(found).toEqual([])
  })
})

describe('topics of a pattern', () => {
  test('are found when they come, also when none is there at first; not Kafka’s own, not the dead letters', async () => {
    const there = ['dead', '__consumer_offsets', 'other']
    const { clock, found, stop, ended } = watching(there, [], /^(?:dead|__.*|t.*)$/u)
    await settle()
    expect(found).toEqual([])
    there.push('t1')
    clock.advance(300_000)
    await settle()
    there.push('t2')
    clock.advance(300_000)
    await settle()
    clock.advance(300_000)
    await settle()
    expect(found).toEqual([['t1'], ['t1', 't2']])
    stop.abort()
    await ended
  })
})

describe('a look that fails', () => {
  test('for now is made again soon', async () => {
    const there: string[] = []
    const { clock, found, logger, state, ended } = watching(there, ['a'])
    await settle()
    state.failure = new RetriableError('KAFKA_UNREACHABLE', 'nobody answers')
    clock.advance(500)
    await settle()
    state.failure = undefined
    there.push('a')
    clock.advance(500)
    await ended
    expect(found).toEqual([['a']])
    expect(logger.lines.at(-1)).toMatchObject({ level: 'warn', fields: { reason: 'nobody answers' } })
  })

  test('for good is the task’s failure', async () => {
    const { clock, state, ended } = watching([], ['a'])
    await settle()
    state.failure = new Error('not allowed')
    clock.advance(500)
    await expect(ended).rejects.toThrow('not allowed')
  })
})
