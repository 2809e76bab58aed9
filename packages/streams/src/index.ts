/** Stream processors: Kafka Streams' words and semantics, in TypeScript's types. */
export { KStream } from './kstream.ts'
export { StreamsBuilder } from './streams-builder.ts'
export { KafkaStreams, type RunOptions, type StreamsPorts } from './kafka-streams.ts'
export type { StreamsState } from './streams-state.ts'
export type { PartitionProgress, StreamsProgress } from './progress.ts'
export { quarantineTopicOf, streamsSettings, type StreamsSettings } from './streams-settings.ts'
export { defineProcessor, type Processor } from './processor.ts'
export { serde, type Deserializer, type Serde, type Serializer, type Side } from './serde.ts'
export { schemaContentOf, Serdes } from './serdes.ts'
export type { Consumed, Gated, Named, Produced } from './options.ts'
export type { Predicate } from './operators/filter.ts'
export type { ValueMapper } from './operators/map-values.ts'
export type { ForeachAction } from './operators/peek.ts'
export {
  Topology,
  type NodeDescription,
  type Subtopology,
  type TopologyDescription,
  type TopologyStore,
} from './topology/topology.ts'
export type { ProcessorNode, SinkNode, SourceNode, TopologyNode } from './topology/node.ts'
