/** EosIntegrationTest: Kafka Streams' scenarios of that name. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Stage, text, until, type Put } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KEYS = 6
const RECORDS = 120

onABroker('exactly once (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  test('EosIntegrationTest: one task of several partitions and sub-topologies fails, with state; each result is there once, in order', async () => {
    const failing = new Set([
      '70',
      '91',
      ...[12, 14, 16, 18, 20].flatMap((count) => [`key 2:${count}`, `key 3:${count}`]),
    ])
    const failOnce = (what: string): void => {
      if (failing.delete(what)) throw new Error('not now')
    }
    const app = await stage.application({ in: 2, out: 2 }, (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .peek((_key, value) => failOnce(value!))
        .selectKey((_key, value) => `key ${Number(value) % KEYS}`)
        .groupByKey({ ...text, name: 'again' })
        .count({ materialized: { name: 'counts', caching: false } })
        .toStream()
        .mapValues(String)
        .peek((key, count) => failOnce(`${key}:${count}`))
        .to(topic('out'), text),
    )
    const puts = Array.from({ length: RECORDS }, (_, i): Put => ({
      key: String(i),
      value: String(i),
      partition: i % 2,
    }))
    await app.put('in', ...puts.slice(0, RECORDS / 2))
    const start = (state: string) =>
      app.start({
        state,
        settings: { 'processing.exception.handler': 'fail', 'num.stream.threads': '2', 'commit.interval.ms': '500' },
        ports: { onUncaughtException: () => 'REPLACE_THREAD' },
      })
    const instances = [start('one'), start('two')]
    await until(() => instances.every((one) => one.streams.state === 'RUNNING'))
    for (const one of puts.slice(RECORDS / 2)) await app.put('in', one)
    const out = await app.arrive('out', RECORDS)
    await Promise.all(instances.map((one) => one.end()))
    expect(failing.size).toBe(0)
    for (let key = 0; key < KEYS; key++) {
      const own = out.filter((one) => one.startsWith(`key ${key}:`))
      expect(own).toEqual(Array.from({ length: RECORDS / KEYS }, (_, i) => `key ${key}:${i + 1}`))
    }
    expect(await app.read('out')).toHaveLength(RECORDS)
  }, 60_000)

  test('EosIntegrationTest: of an input that is written in transactions only what was committed is counted, once', async () => {
    const app = await stage.application({ in: 1, out: 1 }, (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .groupByKey()
        .count({ materialized: { name: 'counts', caching: false } })
        .toStream()
        .mapValues(String)
        .to(topic('out'), text),
    )
    const one = app.start()
    const other = await stage.kafka.transactionalProducer({ transactionalId: `${app.name}-other` })
    for (let round = 0; round < 6; round++) {
      other.begin()
      await other.produce(Array.from({ length: 5 }, () => app.record('in', { key: 'a', value: 'x' })))
      await (round % 2 === 0 ? other.abort() : other.commit())
    }
    await other.close()
    const out = await app.arrive('out', 15)
    await one.end()
    expect(out).toEqual(Array.from({ length: 15 }, (_, i) => `a:${i + 1}`))
  }, 60_000)
})
