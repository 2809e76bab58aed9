import type { Operator } from '../../src/operators/operator.ts'
import { Serdes } from '../../src/serdes.ts'
import type { StoreDefinition } from '../../src/state/definition.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { Topology } from '../../src/topology/topology.ts'
import type { TopologyNode } from '../../src/topology/node.ts'
import type { TopologyStore } from '../../src/topology/topology.ts'

export interface Input {
  readonly topic?: string
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

export interface Collected<K = unknown, V = unknown> {
  readonly key: K
  readonly value: V
  readonly timestamp: number
}

/** One node: its operator, what it follows (nodes or topics), its stores. */
export interface NodeSpec {
  readonly name: string
  readonly from: readonly string[]
  readonly operator: Operator
  readonly stores?: readonly string[]
}

/** What every store of a test has. */
export const STORE = {
  key: Serdes.string,
  value: Serdes.json<never>(),
  engine: 'memory',
  logging: null,
  caching: false,
} as const

/** Runs operators between topics and a collector of what the last one puts out, objects as they are. */
export class OperatorRun<K = unknown, V = unknown> {
  readonly driver: TopologyTestDriver
  readonly #collected: Collected<K, V>[] = []

  constructor(nodes: readonly NodeSpec[], stores: readonly StoreDefinition[]) {
    const names = new Set(nodes.map(({ name }) => name))
    const topics = [...new Set(nodes.flatMap(({ from }) => from.filter((name) => !names.has(name))))]
    const collect: Operator = {
      kind: 'collect',
      prefix: 'COLLECT-',
      compile: () => (key, value, at) => {
        at.keep()
        this.#collected.push({ key: key as K, value: value as V, timestamp: at.timestamp })
      },
    }
    const all: TopologyNode[] = [
      ...topics.map((topic): TopologyNode => ({
        kind: 'source',
        name: topic,
        topics: [topic],
        key: Serdes.string,
        value: Serdes.string,
        quarantine: null,
      })),
      ...nodes.map(({ name, from, operator, stores: used = [] }): TopologyNode => ({
        kind: 'processor',
        name,
        predecessors: from,
        operator,
        stores: used,
      })),
      { kind: 'processor', name: 'collect', predecessors: [nodes.at(-1)!.name], operator: collect, stores: [] },
    ]
    const definitions = stores.map((definition): TopologyStore => ({ definition }))
    this.driver = new TopologyTestDriver(new Topology(all, { stores: definitions }), {
      settings: { 'processing.exception.handler': 'fail' },
    })
  }

  /** Pipes a record and returns what came of it. */
  pipe({ topic = 'in', key, value, timestamp }: Input): readonly Collected<K, V>[] {
    this.driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput(key, value, { timestamp })
    return this.take()
  }

  /** What has come out since it was asked last. */
  take(): readonly Collected<K, V>[] {
    return this.#collected.splice(0)
  }

  get dropped(): number {
    return Object.values(this.driver.droppedRecords()).reduce((sum, count) => sum + count, 0)
  }
}
