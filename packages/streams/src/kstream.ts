import type { GateDefinition } from '@sluice/quality'
import { filter, type Predicate } from './operators/filter.ts'
import { gate } from './operators/gate.ts'
import { mapValues, type ValueMapper } from './operators/map-values.ts'
import type { Operator } from './operators/operator.ts'
import { peek, type ForeachAction } from './operators/peek.ts'
import type { Gated, Named, Produced } from './options.ts'
import type { TopologyDraft } from './topology/topology-draft.ts'

/**
 * Kafka Streams' `KStream`: an endless sequence of records of one key and value type. Each method adds a node behind this one and
 * returns the stream of what the node lets through; the stream itself does not change, so that it can be used more than once.
 *
 * A null value is a tombstone and flows like any other value; streams never take it for a delete.
 */
export class KStream<K, V> {
  readonly #draft: TopologyDraft
  readonly #node: string

  /** For `StreamsBuilder`. */
  constructor(draft: TopologyDraft, node: string) {
    this.#draft = draft
    this.#node = node
  }

  /** Keeps the records for which the predicate is true. The others are dropped, counted under the node's name. */
  filter<W extends V>(predicate: (key: K, value: V) => value is W, named?: Named): KStream<K, W>
  filter(predicate: Predicate<K, V>, named?: Named): KStream<K, V>
  filter(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V> {
    return this.#add(filter(predicate as Predicate<unknown, unknown>, true), named)
  }

  /** Keeps the records for which the predicate is false. */
  filterNot(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V> {
    return this.#add(filter(predicate as Predicate<unknown, unknown>, false), named)
  }

  /** Replaces each value. The mapper gets the value first, then the key, and must not change either. */
  mapValues<W>(mapper: ValueMapper<K, V, W>, named: Named = {}): KStream<K, W> {
    return this.#add(mapValues(mapper as ValueMapper<unknown, unknown, unknown>), named)
  }

  /** Looks at each record in passing, for instance to count. */
  peek(action: ForeachAction<K, V>, named: Named = {}): KStream<K, V> {
    return this.#add(peek(action as ForeachAction<unknown, unknown>), named)
  }

  /**
   * Judges each record. What passes goes on, marked ones with `dq-` headers added; what is quarantined goes to the quarantine topic
   * with its original bytes and the reasons; what is dropped is counted; a halt stops the application before the record.
   * @throws SluiceError GATE_RULES_INVALID when the rules do not compile
   */
  gate(definition: GateDefinition, gated: Gated = {}): KStream<K, V> {
    return this.#add(gate(definition, gated), gated)
  }

  /** Writes the records to a topic, with their time and headers. */
  to(topic: string, produced: Produced<NonNullable<K>, NonNullable<V>> = {}): void {
    this.#draft.addSink(this.#node, topic, produced)
  }

  #add<W>(operator: Operator, named: Named): KStream<K, W> {
    return new KStream<K, W>(this.#draft, this.#draft.addProcessor(this.#node, operator, named))
  }
}
