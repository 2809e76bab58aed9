import { process, type ProcessorSupplier, type RecordProcessor } from '../operators/process.ts'
import type { Consumed, Produced } from '../options.ts'
import { bytesSerde } from '../serdes.ts'
import type { StoreDefinition } from '../state/definition.ts'
import type { ErrorPolicy } from './node.ts'
import type { StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './record-functions.ts'
import type { Topology } from './topology.ts'
import { TopologyDraft } from './topology-draft.ts'

type SourceOptions<K, V> = Omit<Consumed<K, V>, 'name'>

/**
 * Kafka Streams' Processor API: a topology put together node by node, each with a name of its own. What Kafka Streams does on a
 * `Topology` is done here, because a topology of ours does not change any more once it is built.
 *
 * ```ts
 * const topology = new TopologyBuilder()
 *   .addSource('orders', ['orders.raw'], { key: Serdes.string, value: Serdes.json<Order>() })
 *   .addProcessor('dedupe', () => new Dedupe(), ['orders'])
 *   .addStateStore(seenOrders, 'dedupe')
 *   .addSink('clean', 'orders.clean', { key: Serdes.string, value: Serdes.json<Order>() }, ['dedupe'])
 *   .build()
 * ```
 *
 * Each method throws TOPOLOGY_INVALID for illegal names; `build` for what does not fit together.
 */
export class TopologyBuilder {
  readonly #draft = new TopologyDraft()

  /** Reads topics, or all whose whole name matches. */
  addSource<K, V>(name: string, topics: readonly string[] | RegExp, consumed: SourceOptions<K, V> = {}): this {
    this.#source(name, topics, consumed)
    return this
  }

  /** A processor behind others. The supplier makes a new one at each call: one per task. */
  addProcessor<KIn, VIn, KOut, VOut>(
    name: string,
    supplier: ProcessorSupplier<RecordProcessor<KIn, VIn, KOut, VOut>>,
    parents: readonly string[],
    stores: readonly string[] = [],
  ): this {
    this.#processor(name, supplier, parents, stores)
    return this
  }

  /** What becomes of records on which a processor or sink throws. Default: as their source says, or the settings. */
  onError(node: string, policy: ErrorPolicy): this {
    this.#draft.onError(node, policy)
    return this
  }

  /** Writes a topic, or the one that a function chooses for each record. */
  addSink<K, V>(
    name: string,
    topic: string | TopicNameExtractor<K, V>,
    produced: Omit<Produced<K, V>, 'name'>,
    parents: readonly string[],
  ): this {
    const { partitioner } = produced
    this.#draft.sink({
      name,
      predecessors: parents,
      topic: topic as string | TopicNameExtractor,
      key: produced.key ?? bytesSerde,
      value: produced.value ?? bytesSerde,
      ...(partitioner === undefined ? {} : { partitioner: partitioner as StreamPartitioner }),
    })
    return this
  }

  /** A store, and the processors that use it. Processors that share one are run by the same task. */
  addStateStore(definition: StoreDefinition, ...processors: readonly string[]): this {
    this.#draft.store(definition)
    for (const processor of processors) this.#draft.connect(processor, definition.name)
    return this
  }

  /** Lets a processor use stores that were added. */
  connectProcessorAndStateStores(processor: string, ...stores: readonly string[]): this {
    for (const store of stores) this.#draft.connect(processor, store)
    return this
  }

  /** A store that every instance fills from all of a topic; every processor may read it. */
  addGlobalStore<K, V>(
    definition: StoreDefinition,
    names: { readonly source: string; readonly processor: string },
    topic: string,
    consumed: SourceOptions<K, V>,
    supplier: ProcessorSupplier<RecordProcessor<K | null, V | null, never, never>>,
  ): this {
    this.#source(names.source, [topic], consumed, true)
    this.#draft.store({ ...definition, logging: null }, { sourceTopic: topic, isGlobal: true })
    this.#processor(names.processor, supplier, [names.source], [definition.name])
    return this
  }

  /** A store that is filled from a topic, which is its changelog: it must be written nowhere else (KIP-813). */
  addReadOnlyStateStore<K, V>(
    definition: StoreDefinition,
    names: { readonly source: string; readonly processor: string },
    topic: string,
    consumed: SourceOptions<K, V>,
    supplier: ProcessorSupplier<RecordProcessor<K | null, V | null, never, never>>,
  ): this {
    this.#source(names.source, [topic], consumed)
    this.#draft.store({ ...definition, logging: null }, { sourceTopic: topic })
    this.#processor(names.processor, supplier, [names.source], [definition.name])
    return this
  }

  /** @throws SluiceError TOPOLOGY_INVALID: see `Topology` */
  build(): Topology {
    return this.#draft.build()
  }

  #source<K, V>(
    name: string,
    topics: readonly string[] | RegExp,
    { key, value, quarantine, checked, timestampExtractor, offsetReset, onError }: SourceOptions<K, V>,
    isGlobal = false,
  ): void {
    this.#draft.source({
      name,
      topics: topics instanceof RegExp ? [] : topics,
      ...(topics instanceof RegExp ? { pattern: topics } : {}),
      key: key ?? bytesSerde,
      value: value ?? bytesSerde,
      quarantine: quarantine ?? null,
      ...(onError === undefined ? {} : { onError }),
      ...(checked === true ? { isChecked: true } : {}),
      ...(timestampExtractor === undefined ? {} : { timestampExtractor: timestampExtractor as TimestampExtractor }),
      ...(offsetReset === undefined ? {} : { offsetReset }),
      ...(isGlobal ? { isGlobal } : {}),
    })
  }

  #processor<KIn, VIn, KOut, VOut>(
    name: string,
    supplier: ProcessorSupplier<RecordProcessor<KIn, VIn, KOut, VOut>>,
    parents: readonly string[],
    stores: readonly string[],
  ): void {
    const operator = process(supplier)
    this.#draft.processor({ name, predecessors: parents, operator: { ...operator, prefix: '' } }, stores)
  }
}
