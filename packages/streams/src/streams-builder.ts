import { KStream } from './kstream.ts'
import type { Consumed } from './options.ts'
import type { Topology } from './topology/topology.ts'
import { TopologyDraft } from './topology/topology-draft.ts'

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
  readonly #draft = new TopologyDraft()

  /**
   * Reads one or more topics. Keys and values may be null: see `Serde`.
   * @throws SluiceError TOPOLOGY_INVALID for an illegal name
   */
  stream<K = Uint8Array, V = Uint8Array>(
    topics: string | readonly string[],
    consumed: Consumed<K, V> = {},
  ): KStream<K | null, V | null> {
    return new KStream(this.#draft, this.#draft.addSource(typeof topics === 'string' ? [topics] : topics, consumed))
  }

  /**
   * The topology as written so far.
   * @throws SluiceError TOPOLOGY_INVALID: see `Topology`
   */
  build(): Topology {
    return this.#draft.build()
  }
}
