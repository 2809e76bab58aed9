/** A sink that takes JSON from its bytes, and what everybody else sees of that: nothing. */
import { describe, expect, test } from '@jest/globals'
import { converters, jsonConverter } from '@sluice/codecs'
import type { Converter, JsonText, SinkRecord } from '@sluice/sdk'
import { RecordDecoder } from '../../src/record-path/convert.ts'
import { valueScanner } from '../../src/record-path/scanned-value.ts'
import { eventually } from '../support/eventually.ts'
import { fetchedRecords, headersOf, logOf, text } from '../support/fake-kafka.ts'
import { HoldingSink, SinkRun, type SinkRunOptions } from '../support/sink-run.ts'

/** Takes texts that begin with a brace and end with one. */
class ScanningSink extends HoldingSink {
  readonly records: SinkRecord[] = []
  readonly asked: string[] = []

  scan(_topic: string, value: Uint8Array, { before, behind }: JsonText): unknown {
    const json = text(value.subarray(before, value.length - behind))
    this.asked.push(json)
    return json.startsWith('{') && json.endsWith('}') ? { json } : undefined
  }

  override async put(records: readonly SinkRecord[]): Promise<void> {
    this.records.push(...records)
    await super.put(records)
  }
}

const json = (settings = {}): Converter => jsonConverter.create({ 'schemas.enable': 'false', ...settings }, 'value')

const string = converters.find(({ name }) => name === 'string')!.create({}, 'key')

/** Counts what it decodes. */
class CountingJson implements Converter {
  readonly #json = json()
  decoded = 0
  readonly encoder = this.#json.encoder.bind(this.#json)
  readonly jsonIn = this.#json.jsonIn!.bind(this.#json)

  decode(topic: string, value: Uint8Array | null): ReturnType<Converter['decode']> {
    this.decoded += 1
    return this.#json.decode(topic, value)
  }
}

/** What is the same in every run: no moments, ids, and places in the code. */
function lasting(facts: object): object {
  const pairs = Object.entries(facts).filter(([name]) => !/^dq-(id|failed-at|first-seen)$|timestamp$/.test(name))
  return Object.fromEntries(
    pairs.map(([name, fact]) => [name, typeof fact === 'string' ? fact.replaceAll(/\n *at .*/g, '') : fact]),
  )
}

describe('a value that the sink scans', () => {
  const at = { topic: 't', partition: 3 }

  function decoded(value: Converter, sink = new ScanningSink(), isRead = false): SinkRecord {
    const decoder = new RecordDecoder({ key: string, value, header: string }, valueScanner(sink, value, isRead))
    return decoder.decode(at.topic, at.partition, fetchedRecords(logOf('{"a":1}', '{"b":2}')), 1)
  }

  test('is decoded when it is first read, once', () => {
    const value = new CountingJson()
    const record = decoded(value)
    expect(record.scanned).toEqual({ json: '{"b":2}' })
    expect(value.decoded).toBe(0)
    expect(record.value).toEqual({ b: 2 })
    expect(record.value).toBe(record.value)
    expect(value.decoded).toBe(1)
  })

  test('comes with all that a record has', () => {
    const scanned = decoded(json())
    const { scanned: _, ...record } = scanned
    const { key, keySchema, value } = scanned
    const ordinary = decoded(json(), new HoldingSink() as ScanningSink)
    expect({ ...record, key, keySchema, value }).toEqual(ordinary)
  })

  test.each([true, false])('has its key decoded when that is read, if its converter takes all: %s', (takesAll) => {
    let asked = 0
    const key: Converter = {
      takesAll,
      encoder: () => () => null,
      decode: (topic, bytes) => {
        asked++
        return string.decode(topic, bytes)
      },
    }
    const value = json()
    const decoder = new RecordDecoder({ key, value, header: string }, valueScanner(new ScanningSink(), value, false))
    const log = [{ offset: 0, key: Buffer.from('k'), value: Buffer.from('{}'), headers: null }]
    const record = decoder.decode('t', 0, fetchedRecords(log), 0)
    expect(asked).toBe(takesAll ? 0 : 1)
    expect([record.key, record.keySchema?.type, record.key]).toEqual(['k', 'string', 'k'])
    expect(asked).toBe(1)
  })

  test('is not asked for where something reads values on the way, or the converter does not know where JSON stands', () => {
    const sink = new ScanningSink()
    expect(decoded(json(), sink, true).scanned).toBeUndefined()
    const other: Converter = { decode: (topic, bytes) => json().decode(topic, bytes), encoder: () => () => null }
    expect(decoded(other, sink).scanned).toBeUndefined()
    expect(sink.asked).toEqual([])
  })

  test('is the payload of an envelope whose schema was seen before', () => {
    const envelope = (payload: string): string =>
      `{"schema":{"type":"map","keys":{"type":"string"},"values":{"type":"int32"}},"payload":${payload}}`
    const value = json({ 'schemas.enable': 'true' })
    const sink = new ScanningSink()
    const decoder = new RecordDecoder({ key: string, value, header: string }, valueScanner(sink, value, false))
    const records = fetchedRecords(logOf(envelope('{"a":1}'), envelope('{"b":2}')))
    const [first, second] = [decoder.decode('t', 0, records, 0), decoder.decode('t', 0, records, 1)]
    expect(sink.asked).toEqual(['{"b":2}'])
    expect(second.scanned).toEqual({ json: '{"b":2}' })
    expect(second.valueSchema).toBe(first.valueSchema)
    expect(second.value).toEqual(new Map([['b', 2]]))
  })
})

describe('a sink that scans', () => {
  const LOG = ['{"n":0}', '{"n":1', 'null', '[2]', 'no JSON', '{"n":5}']

  async function outcome(sink: HoldingSink, options: Partial<SinkRunOptions> = {}): Promise<object> {
    const run = new SinkRun({
      log: LOG,
      task: () => sink,
      converters: { value: json() },
      tolerance: { tolerance: 'all' },
      deadLetters: true,
      ...options,
    })
    const ended = run.run()
    if (options.tolerance === undefined) {
      await eventually('all is committed', () => run.committed?.offset === LOG.length)
      run.stop()
    }
    const failure = await ended
    return {
      failure,
      values: sink.values,
      tally: run.committed?.tally,
      letters: run.producer.durable.map((letter) => [text(letter.value), lasting(headersOf(letter))]),
      logged: run.logger.lines.length,
      figures: lasting(run.errorFigures.read().values),
    }
  }

  test('has the values, the dead letters and the counts that every other has', async () => {
    const [scanning, ordinary] = [new ScanningSink(), new HoldingSink()]
    const [found, wanted] = [await outcome(scanning), await outcome(ordinary)]
    expect(found).toEqual(wanted)
    expect(scanning.records.filter(({ scanned }) => scanned !== undefined)).toHaveLength(2)
    expect(ordinary.values).toEqual([{ n: 0 }, null, [2], { n: 5 }])
  })

  test('stops over bad JSON as every other', async () => {
    const none = { tolerance: { tolerance: 'none' }, deadLetters: false } as const
    const found = await outcome(new ScanningSink(), none)
    expect(found).toEqual(await outcome(new HoldingSink(), none))
    expect(found).toMatchObject({ failure: { code: 'TASK_FAILED' }, values: [] })
  })
})
