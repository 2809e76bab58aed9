import { expect, test } from '@jest/globals'
import type { GateDefinition } from '@sluice/quality'
import type { StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder, type Consumed } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { thrownBy, topologyOf } from '../dsl/topology-of.ts'

const start = (topics: string | readonly string[], consumed: Consumed<Uint8Array, Uint8Array> = {}): unknown =>
  thrownBy(() => new TopologyTestDriver(topologyOf((builder) => builder.stream(topics, consumed).to('out'))))

test('a source that reads where its own failed records go is refused: they would come back for ever', () => {
  const refused = { code: 'TOPOLOGY_INVALID', message: expect.stringContaining('come back for ever') as unknown }
  expect(start(['in', 'test.quarantine'])).toMatchObject(refused)
  expect(start(['in', 'dead'], { quarantine: 'dead' })).toMatchObject(refused)
})

test('a quarantine topic may be read by a source whose failed records go elsewhere', () => {
  expect(start('test.quarantine', { quarantine: 'dead' })).toBeUndefined()
  expect(start(['in', 'dead'])).toBeUndefined()
})

test('a pattern does not match where records go that fail, however that is called, nor what gates divert to', () => {
  const builder = new StreamsBuilder()
  const json = { value: Serdes.json<StructValue>() }
  const definition: GateDefinition = {
    id: 'g',
    mode: 'enforce',
    ruleset: { id: 'r', version: 1, checks: [{ id: 'positive', check: 'range', field: 'n', params: { min: 0 } }] },
  }
  builder.stream(/.*/, json).gate(definition, { quarantine: 'refused' }).to('elsewhere', json)
  const driver = new TopologyTestDriver(builder.build(), {
    settings: { 'quarantine.topic': 'renamed' },
    topics: ['in', 'renamed', 'refused'],
  })
  const input = (topic: string) => driver.createInputTopic(topic).pipeInput(null, null)
  expect(() => input('in')).not.toThrow()
  for (const topic of ['renamed', 'refused']) expect(() => input(topic)).toThrow(/does not read topic/)
})
