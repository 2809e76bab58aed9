import { describe, expect, test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings } from '@sluice/sdk'
import { FakeSourceContext, SeededRandom, SourceRun } from '@sluice/sdk/testing'
import { QUICKSTART_NAMES } from '../src/quickstarts.ts'
import { RecordRandom } from '../src/record-random.ts'
import { datagen, recordsOf } from './datagen-runs.ts'

describe('a record follows from the seed, the task and its number', () => {
  const values = async (more: RawSettings, task = 0): Promise<readonly unknown[]> =>
    (await recordsOf({ quickstart: 'users', iterations: '50', seed: '1', ...more }, task)).map(({ value }) => value)

  test.each(QUICKSTART_NAMES)('the same of two runs is the same (%s)', async (quickstart) => {
    const settings = { quickstart, iterations: '100', seed: '9' }
    expect(await recordsOf(settings)).toEqual(await recordsOf(settings))
  })

  test('another seed, and another task, give others', async () => {
    const one = await values({})
    expect(await values({ seed: '2' })).not.toEqual(one)
    expect(await values({}, 1)).not.toEqual(one)
  })

  test('how fast they are made does not matter', async () => {
    expect(await values({ 'max.interval': '3' })).toEqual(await values({}))
    expect(await values({ 'records.per.second': '700' })).toEqual(await values({}))
  })

  test('seed and random.seed are the same; without either the connector’s name is the seed', async () => {
    expect(await values({ seed: '', 'random.seed': '1' }).catch(() => 'refused')).toBe('refused')
    const named = await recordsOf({ quickstart: 'users', iterations: '50', 'random.seed': '1' })
    expect(named.map(({ value }) => value)).toEqual(await values({}))
    const unseeded = { quickstart: 'users', iterations: '50' }
    expect(await recordsOf(unseeded)).toEqual(await recordsOf(unseeded))
  })

  test('killed at random places, again and again, it gives what it would have given at once', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new SeededRandom(seed)
      const isTable = random.chance(0.7)
      const settings = datagen({
        quickstart: random.pick(QUICKSTART_NAMES),
        seed: String(seed),
        iterations: '120',
        'change.events': String(isTable),
        'change.events.rows': String(1 + random.below(20)),
        'change.events.updates': String(random.below(4)),
      })
      const whole = (await recordsOf(settings)).map(({ key, value }) => ({ key, value }))
      const found: unknown[] = []
      const context = new FakeSourceContext()
      while (found.length < whole.length) {
        const run = new SourceRun(datagenSource, settings, context)
        await run.start()
        await run.poll()
        const kept = run.events.slice(0, 1 + random.below(30))
        for (const { record, partition, position } of kept) {
          found.push({ key: record!.key, value: record!.value })
          context.store(partition, position)
        }
        await run.stop()
      }
      expect(found).toEqual(whole)
    }
  })
})

describe('dice', () => {
  test('are even, and those of neighbours have nothing to do with each other', () => {
    const random = new RecordRandom('seed 1')
    const counts = Array.from({ length: 16 }, () => 0)
    const pairs = Array.from({ length: 16 }, () => 0)
    let before = 0
    for (let n = 0; n < 32_000; n++) {
      const value = random.at(0, n, 0).below(4)
      counts[value]!++
      pairs[before * 4 + value]!++
      before = value
    }
    for (const count of counts.slice(0, 4)) expect(Math.abs(count - 8000)).toBeLessThan(400)
    for (const count of pairs) expect(Math.abs(count - 2000)).toBeLessThan(250)
  })

  test('differ for places that differ beyond 32 bits', () => {
    const random = new RecordRandom('seed 1')
    const first = (place: readonly [number, number, number]): number => random.at(...place).next()
    const places = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 52].flatMap((n) => [
      first([0, n, 0]),
      first([0, 0, n]),
      first([n, 0, 7]),
    ])
    // The place of zeros was asked for twice.
    expect(new Set(places).size).toBe(places.length - 1)
  })
})
