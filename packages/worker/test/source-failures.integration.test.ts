/** Sources on a real Kafka: records that fail, bytes that cannot be read. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import type { RawSettings, TransformPlugin } from '@sluice/sdk'
import { BrokerRuns, numbers } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { headersOf, text } from './support/fake-kafka.ts'
import { onBroker, traceOf } from './support/test-cluster.ts'
import { behind, type CountingHooks } from './support/test-connectors.ts'

onBroker('a source on a broker', () => {
  const runs = new BrokerRuns()

  const failing: TransformPlugin = {
    name: 'failing',
    aliases: [],
    create: (settings) => (record) => {
      if (record.value === settings['on']) throw new TypeError(`no room for ${settings['on']}`)
      return record
    },
  }

  describe.each<[string, RawSettings, CountingHooks, string]>([
    ['a transform', { transforms: 'f', 'transforms.f.type': 'failing', 'transforms.f.on': '37' }, {}, 'TRANSFORMATION'],
    [
      'a converter',
      { 'value.converter': 'JsonConverter', 'value.converter.schemas.enable': 'false' },
      { record: (n) => (n === 37 ? { value: Symbol.for('thirty-seven') as unknown as string } : {}) },
      'VALUE_CONVERTER',
    ],
  ])('a record that fails in %s', (_, settings, hooks, stage) => {
    const value = (n: string): string => (stage === 'TRANSFORMATION' ? n : `"${n}"`)

    test('with tolerance none: everything before it is sent and settled, then the task fails and says where', async () => {
      const source = runs.source({ count: '100', 'topic.creation.default.partitions': '1', ...settings }, hooks)
      const worker = await source.start({}, { transforms: [failing] })
      await expect(worker.ended()).rejects.toMatchObject({
        code: 'TASK_FAILED',
        place: { topic: source.topic, position: '{"n":38}' },
      })
      expect(worker.status()).toMatchObject([{ tasks: [{ state: 'FAILED' }] }])
      expect(traceOf(worker)).toMatch(/Tolerance exceeded in error handler.*n.*38.*because: .*What to do: /s)
      await worker.stop()
      expect(await runs.cluster.values(source.topic)).toEqual(numbers(0, 37).map(value))
      expect(await source.stored()).toBe(37)
    })

    test('with tolerance all: a dead letter that can be read, with both envelopes; the rest goes on', async () => {
      const source = runs.source(
        { count: '100', 'topic.creation.default.partitions': '1', 'errors.tolerance': 'all', ...settings },
        hooks,
      )
      const worker = await source.start({ 'errors.deadletterqueue.topic.name': source.dead }, { transforms: [failing] })
      await eventually('all are stored', async () => (await source.stored()) === 100)
      expect(source.progress(worker)).toMatchObject({ polled: 100, produced: 99, deadLettered: 1 })
      await worker.stop()
      expect(await runs.cluster.values(source.topic)).toEqual(
        numbers(0, 100)
          .filter((n) => n !== '37')
          .map(value),
      )
      const [letter, ...more] = await runs.cluster.read(source.dead)
      expect(more).toEqual([])
      expect(text(letter!.value)).toMatch(/37|thirty-seven/)
      expect(headersOf(letter!)).toMatchObject({
        '__connect.errors.stage': stage,
        '__connect.errors.connector.name': source.name,
        '__connect.errors.exception.message': expect.any(String) as unknown,
      })
      expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
        flow: source.name,
        origin: null,
        reasons: [{ message: expect.any(String) as unknown }],
      })
    })
  })

  test('diverted bytes are a dead letter as they are; the position behind them is settled', async () => {
    const raw = new Uint8Array([0xff, 0x00, 0x2c, 0x0a])
    const reason = { code: 'odd', message: 'These bytes are odd', place: { file: 'n.csv', line: 38, column: 1 } }
    let diverted = false
    const source = runs.source(
      { count: '100', 'errors.tolerance': 'all', 'topic.creation.default.partitions': '1' },
      {
        poll: async (context, n) => {
          if (n < 37 || diverted) return undefined
          diverted = true
          context.divert(raw, reason, behind(37))
          return []
        },
      },
    )
    const worker = await source.start({ 'errors.deadletterqueue.topic.name': source.dead, 'per.poll': '37' })
    await eventually('all are stored', async () => (await source.stored()) === 100)
    await worker.stop()
    const [letter, ...more] = await runs.cluster.read(source.dead)
    expect(more).toEqual([])
    expect([...letter!.value!]).toEqual([...raw])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({ stage: 'poll', reasons: [reason] })
    expect(headersOf(letter!)['__connect.errors.stage']).toBe('TASK_POLL')
  })

  test('a source that ends in bad bytes is settled behind them', async () => {
    let diverted = false
    const source = runs.source(
      { count: '5', 'errors.tolerance': 'all' },
      {
        poll: async (context, n) => {
          if (n < 5 || diverted) return undefined
          diverted = true
          context.divert(Buffer.from('last'), { code: 'odd', message: 'odd', place: {} }, behind(5))
          return []
        },
      },
    )
    const worker = await source.start({ 'errors.deadletterqueue.topic.name': source.dead })
    await eventually('stored behind it', async () => (await source.stored()) === 6)
    await worker.stop()
    expect(await runs.cluster.values(source.dead)).toEqual(['last'])
  })

  test('a record above max.request.size is a dead letter; one for which even that is too small stops the task before it', async () => {
    const sizes = new Map([
      [3, 1_048_576],
      [7, 1_400_000],
    ])
    const source = runs.source(
      { count: '10', 'per.poll': '5', 'errors.tolerance': 'all', 'topic.creation.default.partitions': '1' },
      { record: (n) => (sizes.has(n) ? { value: 'x'.repeat(sizes.get(n)!) } : {}) },
    )
    const worker = await source.start({ 'errors.deadletterqueue.topic.name': source.dead })
    await expect(worker.ended()).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      place: { position: '{"n":8}' },
      cause: { code: 'RECORD_TOO_LARGE' },
      remedy: expect.stringContaining('max.message.bytes') as unknown,
    })
    await worker.stop()
    expect(await runs.cluster.values(source.topic)).toEqual(['0', '1', '2', '4', '5', '6'])
    const [letter, ...more] = await runs.cluster.read(source.dead)
    expect([letter!.value!.length, more.length]).toEqual([1_048_576, 0])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      stage: 'produce',
      reasons: [{ code: 'RECORD_TOO_LARGE' }],
    })
    expect(await source.stored()).toBe(7)
  })
})
