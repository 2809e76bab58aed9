/** Names and texts of Kafka Streams 4.3.1 (vectors/streams/names.json): every node, store and internal topic of each topology. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { Optimizations } from '../src/index.ts'
import { vectorTopology, type Params } from './support/vector-topologies.ts'

interface Case {
  readonly topology: string
  readonly params: Params
  readonly optimization: Optimizations
  readonly describe: string
}

const folder = process.env['VECTORS'] ?? new URL('../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/names.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}

test(`${cases.length} cases, each with its optimisation`, () => {
  expect(cases.length).toBeGreaterThan(80)
})

describe('the topology is described as Kafka Streams describes it', () => {
  test.each(cases)('$topology $params, optimisation $optimization', (one) => {
    expect(vectorTopology(one.topology, one.params, one.optimization).describe()).toBe(one.describe)
  })
})
