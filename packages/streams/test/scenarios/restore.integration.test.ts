/** State that comes back: Kafka Streams' tests of that, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { JoinWindows, Serdes } from '../../src/index.ts'
import { Stage, text, until, type Write } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

const numbers = { key: Serdes.string, value: Serdes.long }

onABroker('state that comes back (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  /** The sum of the rows of a table whose source topic is its changelog: wrong as soon as a row is not the one before its next. */
  const summing: Write = (builder, topic) =>
    builder
      .table(topic('in'), text)
      .groupBy((_key, value): [string, number] => ['all', Number(value)], { ...numbers, name: 'by-all' })
      .reduce(
        (sum, value) => sum + value,
        (sum, value) => sum - value,
        { materialized: { name: 'sum' } },
      )
      .toStream()
      .mapValues(String)
      .to(topic('out'), text)

  test.each(['exactly_once_v2', 'at_least_once'])(
    'KTableSourceTopicRestartIntegrationTest, %s: what is written to the source topic while the table is restored is processed, and is not in it before',
    async (guarantee) => {
      const settings = { 'processing.guarantee': guarantee }
      const app = await stage.application({ in: 1, out: 1 }, summing)
      const put = (from: number, to: number, factor: number): Promise<void> =>
        app.put(
          'in',
          ...Array.from({ length: to - from }, (_, i) => ({
            key: `key ${from + i}`,
            value: String((from + i) * factor),
          })),
        )
      await put(0, 500, 1)
      await app.put('in', { key: 'key 499', value: null })
      await app.runToEnd({ settings, optimizations: 'all' })
      expect(Object.keys(await app.topics()).filter((name) => name.endsWith('-changelog'))).toEqual([
        `${app.name}-sum-changelog`,
      ])
      // These are behind what is committed, and no part of the state.
      await put(0, 300, 10)
      app.forget()
      const one = app.start({ settings, optimizations: 'all' })
      await until(() => one.states.length > 0)
      await put(300, 500, 10)
      const sum = Array.from({ length: 500 }, (_, i) => i * 10).reduce((total, value) => total + value, 0)
      await until(async () => (await app.read('out')).at(-1) === `all:${sum}`)
      await one.end()
    },
    60_000,
  )

  test('RestoreIntegrationTest: deleted rows are gone after a restart, and a store without a changelog has what is on disk', async () => {
    const app = await stage.application({ in: 1, ask: 1, out: 1 }, (builder, topic) => {
      const table = builder.table(topic('in'), { ...text, materialized: { ...text, name: 'rows' } })
      const seen = builder
        .stream(topic('ask'), text)
        .groupByKey()
        .count({ materialized: { name: 'seen', logging: false } })
      builder
        .stream(topic('again'), text)
        .leftJoin(table, (_value, row) => String(row), text)
        .to(topic('out'), text)
      seen
        .toStream()
        .mapValues((count) => `asked ${count}`)
        .to(topic('out'), text)
    })
    await app.create({ again: 1 })
    await app.put('in', { key: 'a', value: '1' }, { key: 'b', value: '2' })
    await app.runToEnd()
    await app.put('in', { key: 'a', value: null })
    await app.put('ask', { key: 'x', value: '' })
    await app.runToEnd()
    expect(await app.topics()).not.toHaveProperty(`${app.name}-seen-changelog`)
    await app.put('again', { key: 'a', value: '' }, { key: 'b', value: '' })
    await app.put('ask', { key: 'x', value: '' })
    await app.runToEnd()
    app.forget()
    await app.put('again', { key: 'a', value: '' }, { key: 'b', value: '' })
    await app.put('ask', { key: 'x', value: '' })
    await app.runToEnd()
    const out = await app.read('out')
    expect(out.filter((one) => one.startsWith('x'))).toEqual(['x:asked 1', 'x:asked 2', 'x:asked 1'])
    expect(out.filter((one) => !one.startsWith('x'))).toEqual(['a:null', 'b:2', 'a:null', 'b:2'])
  }, 60_000)

  test('SelfJoinUpgradeIntegrationTest: the optimisation can be taken up, and what was kept before it still meets', async () => {
    const app = await stage.application({ in: 1, out: 1 }, (builder, topic) => {
      const both = builder.stream(topic('in'), text)
      both
        .join(both, (left, right) => `${left}${right}`, JoinWindows.ofTimeDifferenceWithNoGrace(100), {
          ...text,
          name: 'selves',
        })
        .to(topic('out'), text)
    })
    await app.put('in', { key: 'a', value: '1', at: 1 })
    await app.runToEnd({ optimizations: 'none' })
    app.forget()
    await app.put('in', { key: 'a', value: '2', at: 2 })
    await app.runToEnd({ optimizations: 'all' })
    app.forget()
    await app.put('in', { key: 'a', value: '3', at: 3 })
    await app.runToEnd({ optimizations: 'all' })
    expect((await app.read('out')).toSorted()).toEqual(
      ['11', '12', '13', '21', '22', '23', '31', '32', '33'].map((pair) => `a:${pair}`),
    )
  }, 60_000)

  test.each(['lmdb', 'memory'] as const)(
    'a record of its source topic that a table could not read is none of its rows when it is restored, in %s',
    async (engine) => {
      const json = { key: Serdes.string, value: Serdes.json<{ readonly n: number }>() }
      const app = await stage.application({ in: 1, asked: 1, out: 1 }, (builder, topic) => {
        const table = builder.table(topic('in'), { ...json, materialized: { name: 'rows', engine } })
        builder
          .stream(topic('asked'), text)
          .join(table, (asked, { n }) => `${asked} ${n}`)
          .to(topic('out'), text)
      })
      await app.put('in', { key: 'a', value: '{"n":1}', at: 1 }, { key: 'a', value: '{', at: 2 })
      await app.put('asked', { key: 'a', value: 'before', at: 3 })
      await app.runToEnd({ optimizations: 'all' })
      app.forget()
      await app.put('asked', { key: 'a', value: 'after', at: 4 })
      await app.runToEnd({ optimizations: 'all' })
      expect(await app.read('out')).toEqual(['a:before 1', 'a:after 1'])
    },
    60_000,
  )

  test('OptimizedKTableIntegrationTest: a copy of a table that has no changelog but its source topic is taken over as of what is committed', async () => {
    const app = await stage.application({ in: 1, out: 1 }, summing)
    const start = (state: string) =>
      app.start({ state, settings: { 'num.standby.replicas': '1' }, optimizations: ['reuse.ktable.source.topics'] })
    const put = (factor: number): Promise<void> =>
      app.put('in', ...Array.from({ length: 200 }, (_, i) => ({ key: `key ${i}`, value: String(i * factor) })))
    const isSummed = (factor: number): Promise<void> =>
      until(async () => (await app.read('out')).at(-1) === `all:${19_900 * factor}`)
    const instances = [start('one'), start('two')]
    await put(1)
    await isSummed(1)
    await until(() => instances.some((one) => one.caughtUp > 0))
    await put(2)
    await isSummed(2)
    const owner = instances.find((one) => one.tasks().some((task) => task.startsWith('in-')))!
    await put(3)
    await owner.end()
    await put(4)
    await isSummed(4)
    await Promise.all(instances.map((one) => one.end()))
  }, 60_000)
})
