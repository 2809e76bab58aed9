import { process, type ProcessorSupplier, type RecordProcessor } from '../operators/process.ts'
import { tableSource } from '../operators/table-source.ts'
import { globalView } from '../operators/table-view.ts'
import type { Consumed, TableConsumed } from '../options.ts'
import { bytesSerde } from '../serdes.ts'
import type { StoreDefinition } from '../state/definition.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { Graph } from '../topology/graph.ts'
import type { SourceNode } from '../topology/node.ts'
import type { Optimizations } from '../topology/optimization.ts'
import type { TimestampExtractor } from '../topology/record-functions.ts'
import type { Topology } from '../topology/topology.ts'
import { GlobalKTable } from './global-ktable.ts'
import { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import { tableStoreDefinition } from './stored.ts'
import { SourceRows, writeStore } from './table-rows.ts'

/**
 * Kafka Streams' `StreamsBuilder`: where a topology begins.
 *
 * ```ts
 * const builder = new StreamsBuilder()
 * builder
 *   .stream('orders.raw', { key: Serdes.string, value: Serdes.json<RawOrder>() })
 *   .mapValues(toOrder)
 *   .gate(orderRules)
 *   .to('orders.clean', { key: Serdes.string, value: Serdes.json(orderSchema) })
 * const topology = builder.build()
 * ```
 */
export class StreamsBuilder {
  readonly #graph = new Graph()

  /**
   * Reads one or more topics, or all whose whole name matches. Keys and values may be null: see `Serde`.
   * @throws SluiceError TOPOLOGY_INVALID for an illegal name
   */
  stream<K = Uint8Array, V = Uint8Array>(
    topics: string | readonly string[] | RegExp,
    consumed: Consumed<K, V>,
  ): KStream<K | null, V | null>
  /** Without serdes: keys and values are bytes. */
  stream(topics: string | readonly string[] | RegExp): KStream<Uint8Array | null, Uint8Array | null>
  stream<K, V>(
    topics: string | readonly string[] | RegExp,
    consumed: Consumed<K, V> = {},
  ): KStream<K | null, V | null> {
    const graph = this.#graph
    const name = graph.names.node(consumed.name, 'KSTREAM-SOURCE-')
    const source = sourceOf(name, topics, consumed)
    const node: GraphNode = { name, write: (to) => to.source(source) }
    graph.add(node)
    const { key, value } = source
    return new KStream({ graph, node, key, value, sources: new Set([name]), isRekeyed: false })
  }

  /**
   * Reads a topic as a table: the latest value per key; a null value deletes, a record without a key is dropped. It keeps its rows
   * when a name for the store is given, or somebody asks for them.
   * @throws SluiceError TOPOLOGY_INVALID for an illegal name
   */
  table<K = Uint8Array, V = Uint8Array>(topic: string, consumed: TableConsumed<K, V>): KTable<K, V>
  /** Without serdes: keys and values are bytes. */
  table(topic: string): KTable<Uint8Array, Uint8Array>
  table<K, V>(topic: string, consumed: TableConsumed<K, V> = {}): KTable<K, V> {
    const graph = this.#graph
    const { materialized = {} } = consumed
    const storeName = materialized.name ?? graph.names.store(`${topic}-`)
    const sourceName = graph.names.suffixed(consumed.name, '-source', 'KSTREAM-SOURCE-')
    const name = graph.names.node(consumed.name, 'KTABLE-SOURCE-')
    const source = sourceOf(sourceName, topic, consumed)
    const sides = { key: materialized.key ?? source.key, value: materialized.value ?? source.value }
    const rows = new SourceRows(
      {
        name: storeName,
        isUnnamed: materialized.name === undefined,
        define: () => tableStoreDefinition(storeName, materialized, sides),
      },
      materialized.historyRetentionMs !== undefined,
    )
    const node: GraphNode = {
      name,
      write(to, { optimizations }) {
        to.source(source)
        const { output } = rows
        const reuses = optimizations.has('reuse.ktable.source.topics')
        if (output.store !== null) writeStore(to, rows.store, reuses ? { sourceTopic: topic } : {})
        const stores = output.store === null ? [] : [output.store]
        to.processor({ name, predecessors: [sourceName], operator: tableSource({ table: output }) }, stores)
      },
    }
    graph.add(node)
    return new KTable({ place: { graph, node, ...sides, sources: new Set([sourceName]), closedAfterMs: null }, rows })
  }

  /**
   * Reads a topic as a table of which every instance has all rows: to be joined by any key, whatever its partitions.
   * @throws SluiceError TOPOLOGY_INVALID for an illegal name
   */
  globalTable<K = Uint8Array, V = Uint8Array>(topic: string, consumed: TableConsumed<K, V>): GlobalKTable<K, V>
  /** Without serdes: keys and values are bytes. */
  globalTable(topic: string): GlobalKTable<Uint8Array, Uint8Array>
  globalTable<K, V>(topic: string, consumed: TableConsumed<K, V> = {}): GlobalKTable<K, V> {
    const graph = this.#graph
    const { materialized = {} } = consumed
    const storeName = materialized.name ?? graph.names.store(`${topic}-`)
    const sourceName = graph.names.suffixed(consumed.name, '-source', 'KSTREAM-SOURCE-')
    const name = graph.names.node(consumed.name, 'KTABLE-SOURCE-')
    const source = { ...sourceOf(sourceName, topic, consumed), isGlobal: true } as const
    const sides = { key: materialized.key ?? source.key, value: materialized.value ?? source.value }
    const definition = tableStoreDefinition(storeName, { ...materialized, logging: false }, sides)
    graph.add({
      name,
      write(to) {
        to.source(source)
        to.store(definition, { sourceTopic: topic, isGlobal: true, isUnnamed: materialized.name === undefined })
        const operator = tableSource({ table: { store: storeName, sendOldValues: false } })
        to.processor({ name, predecessors: [sourceName], operator }, [storeName])
      },
    })
    return new GlobalKTable(storeName, globalView(storeName))
  }

  /** Adds a store, for processors that name it. @throws SluiceError TOPOLOGY_INVALID, when it is built, for two of one name */
  addStateStore(definition: StoreDefinition): void {
    this.#graph.add({ name: `store ${definition.name}`, write: (to) => to.store(definition) })
  }

  /** Adds a store that every instance fills from all of a topic, by a processor of its own; every processor may read it. */
  addGlobalStore<K = Uint8Array, V = Uint8Array>(
    definition: StoreDefinition,
    topic: string,
    consumed: Consumed<K, V>,
    supplier: ProcessorSupplier<RecordProcessor<K | null, V | null, never, never>>,
  ): void {
    const graph = this.#graph
    const sourceName = graph.names.suffixed(consumed.name, '-source', 'KSTREAM-SOURCE-')
    const name = graph.names.node(consumed.name, 'KTABLE-SOURCE-')
    const source = { ...sourceOf(sourceName, topic, consumed), isGlobal: true } as const
    const store = { ...definition, logging: null }
    graph.add({
      name,
      write(to) {
        to.source(source)
        to.store(store, { sourceTopic: topic, isGlobal: true })
        const operator = process(supplier)
        to.processor({ name, predecessors: [sourceName], operator }, [store.name])
      },
    })
  }

  /**
   * The topology as written so far. May be called again, also with other optimisations: Kafka Streams' `topology.optimization`.
   * @throws SluiceError TOPOLOGY_INVALID: see `Topology`
   */
  build(optimizations: Optimizations = 'none'): Topology {
    return this.#graph.build(optimizations)
  }
}

function sourceOf<K, V>(
  name: string,
  topics: string | readonly string[] | RegExp,
  { key, value, quarantine, checked, timestampExtractor, offsetReset, onError }: Consumed<K, V>,
): Omit<SourceNode, 'kind'> {
  return {
    name,
    topics: topics instanceof RegExp ? [] : typeof topics === 'string' ? [topics] : topics,
    ...(topics instanceof RegExp ? { pattern: topics } : {}),
    key: key ?? bytesSerde,
    value: value ?? bytesSerde,
    quarantine: quarantine ?? null,
    ...(onError === undefined ? {} : { onError }),
    ...(checked === true ? { isChecked: true } : {}),
    ...(timestampExtractor === undefined ? {} : { timestampExtractor: timestampExtractor as TimestampExtractor }),
    ...(offsetReset === undefined ? {} : { offsetReset }),
  }
}
