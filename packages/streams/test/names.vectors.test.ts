/**
 * Names and texts of Kafka Streams 4.3.1 (vectors/streams/names.json). Two questions: do the operators that we have give the names that
 * Kafka Streams gives; and does `describe()` print any graph, also of operators to come, as Kafka Streams prints it.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { serde, StreamsBuilder, Topology, type TopologyNode, type TopologyStore } from '../src/index.ts'
import { bytesSerde } from '../src/serdes.ts'

interface Case {
  readonly topology: string
  readonly params: Readonly<Record<string, unknown>>
  readonly optimization: string
  readonly describe: string
}

const folder = process.env['VECTORS'] ?? new URL('../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/names.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}

/** The topologies of the vectors that our operators can write, as the vectors' README describes them. */
const WRITTEN: Readonly<Record<string, (builder: StreamsBuilder) => void>> = {
  filter: (builder) =>
    builder
      .stream('in')
      .filter(() => true)
      .mapValues((value) => value)
      .to('out'),
}

const written = cases.filter((one) => one.topology in WRITTEN)
/** A topic that is read globally: there is no such node yet. */
const notOurs = new Set(['stream-global'])
const printable = cases.filter((one) => !notOurs.has(one.topology))

test(`${written.length} of ${cases.length} cases use only operators that there are; ${printable.length} graphs can be printed`, () => {
  expect(written.map((one) => one.optimization)).toEqual(['none', 'all'])
  expect(printable.length).toBe(cases.length - 2)
})

describe('an operator gives its node the name that Kafka Streams gives', () => {
  test.each(written)('$topology, optimisation $optimization', (one) => {
    const builder = new StreamsBuilder()
    WRITTEN[one.topology]!(builder)
    expect(builder.build().describe()).toBe(one.describe)
  })
})

describe('describe() prints a graph as Kafka Streams does', () => {
  test.each(printable)('$topology $params, optimisation $optimization', (one) => {
    const nodes = nodesOf(one.describe)
    expect(new Topology(inOrder(nodes), storesOf(nodes)).describe()).toBe(one.describe)
  })
})

/** The graph that a text describes, its nodes in the order of the text. */
function nodesOf(text: string): TopologyNode[] {
  const nodes: TopologyNode[] = []
  let at = -1
  for (const line of text.split('\n')) {
    const [, kind, name, topics, stores, topic] =
      /^ {4}(Source|Processor|Sink): (\S+) \((?:topics: \[(.*)\]|stores: \[(.*)\]|topic: (.*))\)$/.exec(line) ?? []
    if (kind !== undefined) {
      const side = { key: bytesSerde, value: serde(bytesSerde.converter) }
      at = nodes.length
      if (kind === 'Source')
        nodes.push({ kind: 'source', name: name!, topics: topics!.split(', '), quarantine: null, ...side })
      else if (kind === 'Sink') nodes.push({ kind: 'sink', name: name!, predecessors: [], topic: topic!, ...side })
      else {
        const operator = { kind: 'any', prefix: '', compile: () => () => undefined }
        nodes.push({
          kind: 'processor',
          name: name!,
          predecessors: [],
          operator,
          stores: stores === '' ? [] : stores!.split(', '),
        })
      }
    }
    const predecessors = /^ {6}<-- (.*)$/.exec(line)?.[1]
    if (predecessors !== undefined)
      nodes[at] = { ...nodes[at]!, predecessors: predecessors.split(', ') } as TopologyNode
  }
  return nodes
}

function storesOf(nodes: readonly TopologyNode[]): TopologyStore[] {
  const names = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? node.stores : [])))
  const side = bytesSerde
  return [...names].map((name) => ({
    definition: { kind: 'keyValue', name, key: side, value: side, engine: 'memory', logging: {}, caching: false },
  }))
}

/** An order in which a builder may have added the nodes: sources first, the others behind those they follow. */
function inOrder(nodes: readonly TopologyNode[]): TopologyNode[] {
  const order = nodes.filter((node) => node.kind === 'source') as TopologyNode[]
  const add = (node: TopologyNode): void => {
    if (order.includes(node)) return
    if (node.kind !== 'source') for (const name of node.predecessors) add(nodes.find((other) => other.name === name)!)
    order.push(node)
  }
  for (const node of nodes) add(node)
  return order
}
