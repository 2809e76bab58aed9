import { SluiceError } from '@sluice/sdk'
import type { Operator } from '../operators/operator.ts'
import type { Consumed, Named, Produced } from '../options.ts'
import { bytesSerde } from '../serdes.ts'
import type { TopologyNode } from './node.ts'
import { Topology } from './topology.ts'

/** Kafka's rule for topic names; node names keep it too, because topics are named after nodes. */
const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/

/**
 * A topology being written down. Nodes without a name get Kafka Streams' own: the operator's prefix and ten digits of one counter.
 * A node with a name uses up a number too, so that naming one leaves the names behind it alone.
 */
export class TopologyDraft {
  readonly #nodes: TopologyNode[] = []
  #counter = 0

  /** @returns the node's name */
  addSource<K, V>(topics: readonly string[], consumed: Consumed<K, V>): string {
    if (topics.length === 0) throw invalid('A source names no topic', 'Name at least one topic.')
    for (const topic of topics) checkName('Topic', topic)
    const name = this.#name('KSTREAM-SOURCE-', consumed)
    this.#nodes.push({
      kind: 'source',
      name,
      topics: Object.freeze(topics.toSorted()),
      key: consumed.key ?? bytesSerde,
      value: consumed.value ?? bytesSerde,
      quarantine: checkedOrNull(consumed.quarantine),
    })
    return name
  }

  /** @returns the node's name */
  addProcessor(predecessor: string, operator: Operator, named: Named): string {
    for (const topic of operator.divertsTo ?? []) checkName('Topic', topic)
    const name = this.#name(operator.prefix, named)
    this.#nodes.push({ kind: 'processor', name, predecessors: Object.freeze([predecessor]), operator, stores: [] })
    return name
  }

  addSink<K, V>(predecessor: string, topic: string, produced: Produced<K, V>): void {
    checkName('Topic', topic)
    const name = this.#name('KSTREAM-SINK-', produced)
    this.#nodes.push({
      kind: 'sink',
      name,
      predecessors: Object.freeze([predecessor]),
      topic,
      key: produced.key ?? bytesSerde,
      value: produced.value ?? bytesSerde,
    })
  }

  build(): Topology {
    return new Topology(this.#nodes.map((node) => Object.freeze({ ...node })))
  }

  #name(prefix: string, { name }: Named): string {
    const generated = prefix + String(this.#counter++).padStart(10, '0')
    if (name === undefined) return generated
    checkName('Node name', name)
    return name
  }
}

function checkedOrNull(topic: string | undefined): string | null {
  if (topic === undefined) return null
  checkName('Topic', topic)
  return topic
}

function checkName(what: string, name: string): void {
  if (LEGAL_NAME.test(name) && name !== '.' && name !== '..') return
  throw invalid(
    `${what} ${JSON.stringify(name)} is not legal`,
    'Use 1 to 249 ASCII letters, digits, dots, underscores and hyphens.',
  )
}

function invalid(message: string, remedy: string): SluiceError {
  return new SluiceError('TOPOLOGY_INVALID', message, { remedy })
}
