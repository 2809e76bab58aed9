import { describe, expect, test } from '@jest/globals'
import {
  Serdes,
  Stores,
  StreamRecord,
  TopologyBuilder,
  type KeyValueStore,
  type ProcessorContext,
  type RecordProcessor,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, thrownBy } from '../dsl/topology-of.ts'

type Texts = RecordProcessor<string | null, string | null, string, string>

const seen = Stores.keyValue('seen', text)
const lookedUp = Stores.keyValue('looked-up', text)

/** Forwards each value with the one that its key had before. */
class Before implements Texts {
  #context: ProcessorContext<string, string> | null = null
  #values: KeyValueStore<string, string> | null = null

  init(context: ProcessorContext<string, string>): void {
    this.#context = context
    this.#values = context.getStateStore(seen)
  }

  process({ key, value, timestamp, headers }: StreamRecord<string | null, string | null>): void {
    if (key === null || value === null) return
    const before = this.#values!.get(key)
    this.#values!.put(key, value)
    this.#context!.forward(new StreamRecord(key, `${before}>${value}`, timestamp, headers))
  }
}

/** Puts each record into a store. */
class Fill implements RecordProcessor<string | null, string | null, never, never> {
  #values: KeyValueStore<string, string> | null = null

  init(context: ProcessorContext<never, never>): void {
    this.#values = context.getStateStore(lookedUp)
  }

  process({ key, value }: StreamRecord<string | null, string | null>): void {
    if (key !== null) this.#values!.put(key, value)
  }
}

/** Replaces each value by what the store has of it. */
class LookUp implements Texts {
  #context: ProcessorContext<string, string> | null = null
  #values: KeyValueStore<string, string> | null = null

  init(context: ProcessorContext<string, string>): void {
    this.#context = context
    this.#values = context.getStateStore(lookedUp)
  }

  process({ key, value, timestamp, headers }: StreamRecord<string | null, string | null>): void {
    const found = value === null ? null : this.#values!.get(value)
    this.#context!.forward(new StreamRecord(key ?? '', found ?? 'none', timestamp, headers))
  }
}

function builder(): TopologyBuilder {
  return new TopologyBuilder()
    .addSource('source', ['in'], text)
    .addProcessor('before', () => new Before(), ['source'])
    .addSink('sink', 'out', text, ['before'])
}

test('nodes are run and described under their names', () => {
  const topology = builder().addStateStore(seen, 'before').build()
  expect(topology.describe()).toBe(`Topologies:
   Sub-topology: 0
    Source: source (topics: [in])
      --> before
    Processor: before (stores: [seen])
      --> sink
      <-- source
    Sink: sink (topic: out)
      <-- before

`)
  const driver = new TopologyTestDriver(topology)
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
    ['k', 'a'],
    ['k', 'b'],
  ])
  const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  expect(output.readValuesToList()).toEqual(['null>a', 'a>b'])
  expect(topology.unnamedStores()).toEqual([])
})

test('a store may be connected later; processors that share one are in one sub-topology', () => {
  const topology = builder()
    .addSource('source-2', ['in-2'], text)
    .addProcessor('before-2', () => new Before(), ['source-2'])
    .addStateStore(seen)
    .connectProcessorAndStateStores('before', 'seen')
    .connectProcessorAndStateStores('before-2', 'seen')
    .build()
  expect(topology.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['in', 'in-2']])
})

describe('a store that is filled from a topic', () => {
  const names = { source: 'fill-source', processor: 'fill' }
  const looking = (): TopologyBuilder =>
    new TopologyBuilder().addSource('source', ['in'], text).addProcessor('look', () => new LookUp(), ['source'])

  test('globally may be read by any processor, and has no task', () => {
    const topology = looking()
      .addSink('sink', 'out', text, ['look'])
      .addGlobalStore(lookedUp, names, 'facts', text, () => new Fill())
      .build()
    expect(topology.subtopologies.map(({ isGlobal }) => isGlobal)).toEqual([false, true])
    const driver = new TopologyTestDriver(topology)
    driver.createInputTopic('facts', Serdes.string, Serdes.string).pipeInput('f', 'fact')
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      ['k', 'f'],
      ['k', 'g'],
    ])
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()).toEqual(['fact', 'none'])
  })

  test('by the task that reads it has the topic for its changelog', () => {
    const topology = looking()
      .addReadOnlyStateStore(lookedUp, names, 'facts', text, () => new Fill())
      .connectProcessorAndStateStores('look', 'looked-up')
      .build()
    expect(topology.stores.get('looked-up')).toMatchObject({ sourceTopic: 'facts', definition: { logging: null } })
    expect(topology.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['in', 'facts']])
  })
})

describe('what does not fit together is refused', () => {
  test.each([
    ['a store that was not added', () => builder().connectProcessorAndStateStores('before', 'seen').build(), /seen/],
    ['a parent that does not exist', () => builder().addSink('s', 'o', text, ['nobody']).build(), /nobody/],
    ['a name twice', () => builder().addSink('source', 'o', text, ['before']).build(), /Two nodes are named source/],
    ['a name that is not legal', () => builder().addSink('a b', 'o', text, ['before']), /Node name "a b"/],
    ['a topic read twice', () => builder().addSource('again', ['in']).build(), /Topic in is read by/],
    [
      'a store of nobody',
      () => builder().addStateStore(seen, 'befor').build(),
      /seen is given to befor, .* no processor/,
    ],
    ['a store of a source', () => builder().addStateStore(seen, 'source').build(), /given to source, .* no processor/],
    [
      'a node behind itself',
      () =>
        builder()
          .addProcessor('p', () => new Before(), ['p'])
          .build(),
      /p follows p,/,
    ],
    [
      'a node behind none',
      () =>
        builder()
          .addProcessor('p', () => new Before(), [])
          .build(),
      /p follows no node/,
    ],
    [
      'a node behind a sink',
      () =>
        builder()
          .addProcessor('p', () => new Before(), ['sink'])
          .build(),
      /sink, which is a sink/,
    ],
    ['a node twice behind one', () => builder().addSink('s', 'o', text, ['before', 'before']).build(), /before twice/],
    [
      'a node behind what fills a global store',
      () =>
        builder()
          .addGlobalStore(lookedUp, { source: 'facts', processor: 'fill' }, 'facts', text, () => new Fill())
          .addProcessor('p', () => new Before(), ['fill'])
          .build(),
      /p follows fill, which fills a global store/,
    ],
  ])('%s', (_what, build, message) => {
    expect(thrownBy(build)).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringMatching(message) as unknown,
    })
  })
})
