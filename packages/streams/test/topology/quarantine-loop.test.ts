import { expect, test } from '@jest/globals'
import type { GateDefinition } from '@sluice/quality'
import type { StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder, type Consumed } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { thrownBy, topologyOf } from '../dsl/topology-of.ts'

const json = { key: Serdes.string, value: Serdes.json<StructValue>() }
const positive: GateDefinition = {
  id: 'g',
  mode: 'enforce',
  ruleset: { id: 'r', version: 1, checks: [{ id: 'positive', check: 'range', field: 'n', params: { min: 0 } }] },
}

const start = (topics: string | readonly string[], consumed: Consumed<Uint8Array, Uint8Array> = {}): unknown =>
  thrownBy(() => new TopologyTestDriver(topologyOf((builder) => builder.stream(topics, consumed).to('out'))))

test('a source that reads where its own failed records go is refused: they would come back for ever', () => {
  const refused = { code: 'TOPOLOGY_INVALID', message: expect.stringContaining('come back for ever') as unknown }
  expect(start(['in', 'test.quarantine'])).toMatchObject(refused)
  expect(start(['in', 'dead'], { quarantine: 'dead' })).toMatchObject(refused)
})

test('a source that reads where a gate behind it diverts to is refused when the topology is built, also behind a repartition topic', () => {
  const gated = (topics: readonly string[], isMoved: boolean): unknown =>
    thrownBy(() =>
      topologyOf((builder) => {
        const read = builder.stream(topics, json)
        const moved = isMoved ? read.repartition({ ...json, name: 'moved' }) : read
        moved.gate(positive, { quarantine: 'refused', name: 'judge' }).to('clean', json)
      }),
    )
  for (const isMoved of [false, true])
    expect(gated(['in', 'refused'], isMoved)).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringMatching(/reads refused.* that judge refuses: .*for ever/) as unknown,
      place: { node: 'KSTREAM-SOURCE-0000000000', topic: 'refused' },
    })
  expect(gated(['in'], true)).toBeUndefined()
})

test('what a gate refuses may be repaired beside it, and brought before it again', () => {
  const repairing = thrownBy(() =>
    topologyOf((builder) => {
      builder.stream('in', json).gate(positive, { quarantine: 'refused' }).to('clean', json)
      builder
        .stream('refused', json)
        .mapValues((value) => ({ ...value, n: 0 }))
        .to('in', json)
    }),
  )
  expect(repairing).toBeUndefined()
})

test('a quarantine topic is not read where records come to a repartition topic, and fail behind it into the same', () => {
  const moved = thrownBy(
    () =>
      new TopologyTestDriver(
        topologyOf((builder) =>
          builder.stream('test.quarantine', { quarantine: 'dead' }).repartition({ name: 'moved' }).to('out'),
        ),
      ),
  )
  expect(moved).toMatchObject({ code: 'TOPOLOGY_INVALID', place: { topic: 'test.quarantine' } })
})

test('a quarantine topic may be read by a source whose failed records go elsewhere', () => {
  expect(start('test.quarantine', { quarantine: 'dead' })).toBeUndefined()
  expect(start(['in', 'dead'])).toBeUndefined()
})

test('a pattern does not match where records go that fail, however that is called, nor what gates divert to', () => {
  const builder = new StreamsBuilder()
  builder.stream(/.*/, json).gate(positive, { quarantine: 'refused' }).to('elsewhere', json)
  const driver = new TopologyTestDriver(builder.build(), {
    settings: { 'quarantine.topic': 'renamed' },
    topics: ['in', 'renamed', 'refused'],
  })
  const input = (topic: string) => driver.createInputTopic(topic).pipeInput(null, null)
  expect(() => input('in')).not.toThrow()
  for (const topic of ['renamed', 'refused']) expect(() => input(topic)).toThrow(/does not read topic/)
})
