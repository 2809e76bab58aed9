/** Global stores, and tables with keys of windows: Kafka Streams' tests, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  Serdes,
  TimeWindows,
  type ProcessorContext,
  type RecordProcessor,
  type StreamRecord,
  type TimestampedKeyValueStore,
} from '../../src/index.ts'
import { Stage, text, until } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

onABroker('global stores (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  test('GlobalKTableIntegrationTest: an application of global tables alone runs, and has no tasks', async () => {
    const app = await stage.application(
      { facts: 1 },
      (builder, topic) => void builder.globalTable(topic('facts'), text),
    )
    await app.put('facts', { key: 'a', value: '1' })
    const one = app.start()
    await until(() => one.streams.state === 'RUNNING')
    expect(one.tasks()).toEqual([])
    await one.end()
    expect(one.states.at(-1)).toBe('NOT_RUNNING')
  }, 60_000)

  test('GlobalThreadShutDownOrderTest: what a processor reads of a global store when it is closed is there', async () => {
    const read: string[] = []
    class ReadsAtTheEnd implements RecordProcessor<string | null, string | null, string | null, string | null> {
      #facts: TimestampedKeyValueStore<string, string> | null = null

      init(context: ProcessorContext<string | null, string | null>): void {
        this.#facts = context.getStateStore('facts') as TimestampedKeyValueStore<string, string>
      }

      process(_record: StreamRecord<string | null, string | null>): void {}

      close(): void {
        for (const { key } of this.#facts!.all()) read.push(key)
      }
    }
    const app = await stage.application({ in: 1, facts: 1 }, (builder, topic) => {
      builder.globalTable(topic('facts'), { ...text, materialized: { ...text, name: 'facts' } })
      builder.stream(topic('in'), text).process(() => new ReadsAtTheEnd())
    })
    await app.put('facts', { key: 'a', value: '1' }, { key: 'b', value: '2' })
    await app.put('in', { key: 'a', value: 'x' })
    await app.runToEnd()
    expect(read).toEqual(['a', 'b'])
  }, 60_000)

  test('InternalTopicIntegrationTest: a table with keys of windows is joined by a foreign key', async () => {
    const app = await stage.application({ in: 1, names: 1, out: 1 }, (builder, topic) => {
      const names = builder.table(topic('names'), text)
      builder
        .stream(topic('in'), text)
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .reduce((_before, value) => value, { materialized: { name: 'last', retentionMs: 1_000 } })
        .join(
          names,
          (value) => value,
          (value, name) => `${value}+${name}`,
          { name: 'named', materialized: { name: 'named', value: Serdes.string } },
        )
        .toStream(({ key, start }) => `${key}@${start}`)
        .to(topic('out'), text)
    })
    await app.put('names', { key: 'x', value: 'X', at: 0 })
    await app.put(
      'in',
      { key: 'a', value: 'x', at: 1 },
      { key: 'a', value: 'x', at: 12 },
      { key: 'b', value: 'y', at: 13 },
    )
    await app.runToEnd()
    expect((await app.read('out')).toSorted()).toEqual(['a@0:x+X', 'a@10:x+X'])
    app.forget()
    await app.put('names', { key: 'y', value: 'Y', at: 14 })
    await app.runToEnd()
    expect((await app.read('out')).toSorted()).toEqual(['a@0:x+X', 'a@10:x+X', 'b@10:y+Y'])
  }, 60_000)
})
