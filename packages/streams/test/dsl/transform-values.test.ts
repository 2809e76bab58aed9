import { expect, test } from '@jest/globals'
import {
  Serdes,
  Stores,
  type KeyValueStore,
  type KTable,
  type StreamsBuilder,
  type TransformerContext,
  type ValueTransformer,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { storesByNode, text, topologyOf } from './topology-of.ts'

const calls = Stores.keyValue('calls', { key: Serdes.string, value: Serdes.long })

/** Appends how often it was called for the key; nothing for `no`. */
class Counting implements ValueTransformer<string, string, string> {
  #calls: KeyValueStore<string, number> | null = null

  init(context: TransformerContext): void {
    this.#calls = context.getStateStore(calls)
  }

  transform(key: string, value: string): string | null {
    const count = (this.#calls!.get(key) ?? 0) + 1
    this.#calls!.put(key, count)
    return value === 'no' ? null : `${value}${count}`
  }
}

const counted = (builder: StreamsBuilder, name?: string): KTable<string, string> =>
  builder.table('in', text).transformValues(() => new Counting(), {
    stores: [calls],
    ...(name === undefined ? {} : { materialized: { ...text, name } }),
  })

test('each row is transformed with the stores that were named; a deleted one is passed on', () => {
  const topology = topologyOf((builder) => counted(builder).toStream().to('out', text))
  expect(storesByNode(topology)).toEqual({ 'KTABLE-TRANSFORMVALUES-0000000003': ['calls'] })
  const driver = new TopologyTestDriver(topology)
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
    ['k', 'a'],
    ['k', 'no'],
    ['k', null],
    ['k', 'b'],
  ])
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()).toEqual([
    'a1',
    null,
    null,
    'b3',
  ])
})

test('with a name it keeps what it made; without one, who looks a row up transforms it then', () => {
  const joinedWith = (name?: string) =>
    topologyOf((builder) => {
      const table = counted(builder, name)
      builder
        .stream('L', text)
        .join(table, (left, right) => left + right, text)
        .to('out', text)
    })
  const results = ['made', undefined].map((name) => {
    const driver = new TopologyTestDriver(joinedWith(name))
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'a')
    const left = driver.createInputTopic('L', Serdes.string, Serdes.string)
    left.pipeInput('k', 'x')
    left.pipeInput('k', 'y')
    return driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()
  })
  expect(results).toEqual([
    ['xa1', 'ya1'],
    ['xa2', 'ya3'],
  ])
  expect(storesByNode(joinedWith())['KSTREAM-JOIN-0000000005']).toEqual(['calls', 'in-STATE-STORE-0000000000'])
})
