/** Sinks on a real Kafka: records that cannot be decoded or written. */
import { expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import { DataError, RetriableError, type TransformPlugin } from '@sluice/sdk'
import { BrokerRuns, numbers, remembering } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { headersOf, text } from './support/fake-kafka.ts'
import { onBroker, traceOf } from './support/test-cluster.ts'

onBroker('a sink on a broker', () => {
  const runs = new BrokerRuns()

  test('a record that cannot be decoded is a dead letter with its ORIGINAL bytes, key and headers', async () => {
    const seen = remembering()
    const bad = {
      key: new Uint8Array([0, 0xff]),
      value: new Uint8Array([0x7b, 0xff, 0x00]),
      headers: [
        { key: 'h', value: new Uint8Array([0xfe]) },
        { key: 'h', value: null },
      ],
      timestamp: 1_700_000_000_001,
    }
    const sink = await runs.sink(['{"n":0}', bad, '{"n":2}'], seen.make)
    const worker = await sink.start({
      'key.converter': 'ByteArrayConverter',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'false',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': sink.dead,
    })
    await eventually('all is committed', async () => (await sink.offset()) === 3)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual([{ n: 0 }, { n: 2 }])
    const [letter, ...more] = await runs.cluster.read(sink.dead)
    expect(more).toEqual([])
    expect([[...letter!.key!], [...letter!.value!], letter!.timestamp]).toEqual([
      [0, 0xff],
      [0x7b, 0xff, 0x00],
      1_700_000_000_001,
    ])
    expect(letter!.headers!.slice(0, 2)).toEqual([
      { key: 'h', value: Buffer.from([0xfe]) },
      { key: 'h', value: null },
    ])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      stage: 'decode',
      flow: sink.name,
      origin: { topic: sink.topic, partition: 0, offset: 1, timestamp: 1_700_000_000_001, timestampType: 'create' },
    })
    expect(headersOf(letter!)).toMatchObject({
      '__connect.errors.topic': sink.topic,
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.stage': 'VALUE_CONVERTER',
    })
    expect(await sink.committed()).toEqual([
      { partition: 0, offset: 3, tally: { in: 3, passed: 2, marked: 0, quarantined: { decode: 1 }, dropped: {} } },
    ])
  })

  test('a record as large as a topic takes by default fits into the dead letter topic, reasons and all', async () => {
    const large = { value: Buffer.alloc(1_048_576 - 200, 0xff) }
    const sink = await runs.sink([large], remembering().make)
    const worker = await sink.start({
      'value.converter': 'JsonConverter',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': sink.dead,
    })
    await eventually('committed', async () => (await sink.offset()) === 1)
    await worker.stop()
    const [letter] = await runs.cluster.read(sink.dead)
    expect(Buffer.compare(letter!.value!, large.value)).toBe(0)
  })

  test('a RetriableError from put: the same records again, and nothing is committed meanwhile', async () => {
    const puts: string[][] = []
    let failures = 3
    const sink = await runs.sink(numbers(0, 10), () => ({
      put: async (records) => {
        if (records.length === 0) return
        puts.push(records.map(({ value }) => value as string))
        if (failures-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
      },
    }))
    const worker = await sink.start()
    await eventually('put twice', () => puts.length >= 2)
    expect(await sink.offset()).toBeUndefined()
    await eventually('committed', async () => (await sink.offset()) === 10)
    await worker.stop()
    expect(puts).toHaveLength(4)
    for (const put of puts) expect(put).toEqual(puts[0])
  })

  test('any other error fails the task in Kafka Connect’s words; its records are not committed and are put again after a restart', async () => {
    let failing = true
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 10), () => ({
      put: async (records) => {
        if (records.length > 0 && failing) throw new Error('the disk is gone')
        seen.push(...records.map(({ value }) => value as string))
      },
    }))
    const worker = await sink.start()
    await expect(worker.ended()).rejects.toMatchObject({
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause: { message: 'the disk is gone' },
    })
    expect(worker.status()).toMatchObject([{ name: sink.name, type: 'sink', tasks: [{ task: 0, state: 'FAILED' }] }])
    expect(traceOf(worker)).toMatch(
      /^Exiting WorkerSinkTask due to unrecoverable exception\.; because: the disk is gone\n.*What to do:/s,
    )
    await worker.stop()
    expect(await sink.committed()).toEqual([])
    failing = false
    const again = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 10)
    await again.stop()
    expect(seen).toEqual(numbers(0, 10))
  })

  test('report during put: a dead letter with the original bytes, counted only when that put succeeds', async () => {
    let failures = 2
    const sink = await runs.sink(numbers(0, 20), (context) => ({
      put: async (records) => {
        for (const record of records)
          if ((record.value as string).endsWith('3')) context.report(record, new DataError('three is odd'))
        if (records.length > 0 && failures-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
      },
    }))
    const worker = await sink.start({ 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': sink.dead })
    await eventually('committed', async () => (await sink.offset()) === 20)
    await worker.stop()
    const letters = await runs.cluster.read(sink.dead)
    expect(letters.map(({ value }) => text(value))).toEqual(['3', '13'])
    expect(readQuarantineHeaders(letters[1]!.headers)).toMatchObject({
      stage: 'put',
      origin: { topic: sink.topic, offset: 13 },
      reasons: [{ code: 'DATA_INVALID', message: 'three is odd' }],
    })
    expect((await sink.committed())[0]!.tally).toEqual({
      in: 20,
      passed: 18,
      marked: 0,
      quarantined: { put: 2 },
      dropped: {},
    })
  })

  test('Kafka Connect’s ten headers, in its order, as text, behind the record’s own; each names the class that refused it', async () => {
    const odd: TransformPlugin = {
      name: 'Odd',
      aliases: [],
      create: () => (record) => {
        if (record.value === '5' && sleeps-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
        if (record.value === '3') throw new DataError('3 is odd')
        return record
      },
    }
    let sleeps = 2
    const sink = await runs.sink(
      numbers(0, 10).map((n) => ({ value: Buffer.from(n), headers: [{ key: 'own', value: Buffer.from('1') }] })),
      (context) => ({
        put: async (records) => {
          for (const record of records) if (record.value === '7') context.report(record, new DataError('7 is seven'))
        },
      }),
    )
    const worker = await sink.start(
      {
        transforms: 'odd',
        'transforms.odd.type': 'Odd',
        'errors.tolerance': 'all',
        'errors.retry.timeout': '-1',
        'errors.retry.delay.max.ms': '5',
        'errors.deadletterqueue.topic.name': sink.dead,
        'errors.deadletterqueue.topic.replication.factor': '-1',
        'errors.deadletterqueue.context.headers.enable': 'true',
      },
      { transforms: [odd] },
    )
    await eventually('committed', async () => (await sink.offset()) === 10)
    await worker.stop()
    expect(sleeps).toBeLessThan(0)
    const letters = await runs.cluster.read(sink.dead)
    const own = letters.map(({ headers }) => headers!.filter(({ key }) => key.startsWith('__connect.errors.')))
    expect(own[0]!.map(({ key }) => key.slice('__connect.errors.'.length))).toEqual([
      'topic',
      'partition',
      'offset',
      'connector.name',
      'task.id',
      'stage',
      'class.name',
      'exception.class.name',
      'exception.message',
      'exception.stacktrace',
    ])
    expect(letters[0]!.headers![0]).toEqual({ key: 'own', value: Buffer.from('1') })
    const said = own.map((headers) => headers.slice(0, 7).map(({ value }) => text(value)))
    expect(said).toEqual([
      [sink.topic, '0', '3', sink.name, '0', 'TRANSFORMATION', 'Odd'],
      [sink.topic, '0', '7', sink.name, '0', 'TASK_PUT', 'parts'],
    ])
    expect(own.map((headers) => text(headers[8]!.value))).toEqual(['3 is odd', '7 is seven'])
    expect((await sink.committed())[0]!.tally).toMatchObject({ in: 10, quarantined: { transform: 1, put: 1 } })
  })
})
