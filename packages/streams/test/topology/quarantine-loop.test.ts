import { expect, test } from '@jest/globals'
import type { Consumed } from '../../src/index.ts'
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
