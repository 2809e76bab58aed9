/** Stream processors: Kafka Streams' words and semantics, in TypeScript's types. */
export { KStream, type Printed } from './dsl/kstream.ts'
export { KTable } from './dsl/ktable.ts'
export { GlobalKTable } from './dsl/global-ktable.ts'
export { KGroupedStream } from './dsl/kgrouped-stream.ts'
export { KGroupedTable } from './dsl/kgrouped-table.ts'
export { TimeWindowedKStream } from './dsl/time-windowed-kstream.ts'
export { SessionWindowedKStream } from './dsl/session-windowed-kstream.ts'
export {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/cogrouped-kstream.ts'
export { BranchedKStream } from './dsl/branched-kstream.ts'
export { BufferConfig, Suppressed, type SuppressedOptions } from './dsl/suppressed.ts'
export type { EmitStrategy, WindowMaterializing } from './dsl/emit-strategy.ts'
export type { Processing } from './dsl/place.ts'
export { StreamsBuilder } from './dsl/streams-builder.ts'
export { KafkaStreams } from './kafka-streams.ts'
export type { RunOptions, StreamsPorts, UncaughtExceptionResponse } from './streams-ports.ts'
export { checkPause, type PauseTarget } from './runtime/thread/pauses.ts'
export type { ThreadState } from './runtime/thread/thread-life.ts'
export { STREAM_METRIC_GROUPS, type RecordingLevel, type StreamMetricGroup } from './metrics/metric-names.ts'
export type { StreamsState } from './streams-state.ts'
export type { PartitionProgress, StreamsProgress } from './progress.ts'
export { quarantineTopicOf, streamsSettings, type StreamsSettings } from './streams-settings.ts'
export { defineProcessor, type Processor } from './processor.ts'
export { serde, type Deserializer, type Serde, type Serializer, type Side } from './serde.ts'
export { schemaContentOf, Serdes } from './serdes.ts'
export type {
  AsyncMapping,
  Consumed,
  Gated,
  Grouped,
  Joined,
  Materialized,
  Materializing,
  Named,
  Produced,
  Repartitioned,
  Stored,
  StreamJoined,
  TableConsumed,
  TableJoined,
  ValueJoiner,
} from './options.ts'
export type { Predicate } from './operators/filter.ts'
export type { AsyncValueMapper } from './operators/map-values-async.ts'
export type { ValueMapper } from './operators/map-values.ts'
export type { ForeachAction } from './operators/peek.ts'
export { Topology, type RepartitionTopic, type TopologyStore } from './topology/topology.ts'
export type { Subtopology } from './topology/subtopology.ts'
export type {
  NodeDescription,
  StoreDescription,
  SubtopologyDescription,
  TopologyDescription,
} from './topology/describe-data.ts'
export { internalTopics, type InternalTopic } from './topology/internal-topics.ts'
export {
  planChange,
  planText,
  refuseUnsafe,
  type PlanAction,
  type PlanStep,
  type TopologyPlan,
} from './topology/plan.ts'
export {
  writtenTopology,
  type WrittenRepartition,
  type WrittenStore,
  type WrittenTopology,
} from './topology/written-topology.ts'
export { TopologyFile, type TopologyRecord } from './runtime/topics/topology-record.ts'
export { TopologyBuilder } from './topology/topology-builder.ts'
export { planPartitions, type PartitionPlan } from './topology/partition-plan.ts'
export type { ErrorPolicies, ErrorPolicy } from './topology/node.ts'
export type { StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './topology/record-functions.ts'
export type { ProcessorNode, SinkNode, SourceNode, TopologyNode } from './topology/node.ts'
export { CalendarWindows, type CalendarUnit } from './windows/calendar-windows.ts'
export { JoinWindows } from './windows/join-windows.ts'
export { SessionWindows } from './windows/session-windows.ts'
export { SlidingWindows } from './windows/sliding-windows.ts'
export { TimeWindows } from './windows/time-windows.ts'
export { UnlimitedWindows } from './windows/unlimited-windows.ts'
export type { FixedWindows, Window, Windowed } from './windows/window.ts'
export { OPTIMIZATIONS, type Optimization, type Optimizations } from './topology/optimization.ts'
export type { StoreDefinition, StoreEngine, StoreKind } from './state/definition.ts'
export type {
  FixedKeyProcessor,
  FixedKeyProcessorContext,
  ProcessorContext,
  ProcessorSupplier,
  RecordMetadata,
  RecordProcessor,
  StoreReference,
} from './operators/process.ts'
export type { Cancellable, PunctuationType } from './operators/operator.ts'
export type { Aggregator, Initializer, Merger, Reducer } from './operators/aggregator.ts'
export type { KeyValueMapper } from './operators/map-key-value.ts'
export type { KeySelector } from './operators/select-key.ts'
export type { ForeignKeyExtractor } from './operators/foreign-key-join.ts'
export { FixedKeyRecord, StreamRecord } from './operators/stream-record.ts'
export { Timers, type TimersReference } from './operators/timers.ts'
export { sessionWindowedSerde, timeWindowedSerde } from './state/formats/windowed-serdes.ts'
export { Stores } from './dsl/stores.ts'
export type { WhenIdle } from './dsl/advance-when-idle.ts'
export type { Deduped } from './dsl/dedupe.ts'
export type { Summarizing } from './dsl/summarize.ts'
export {
  Figures,
  type Figure,
  type FiguresOf,
  type RetractableFigure,
  type RetractableFiguresOf,
} from './figures/index.ts'
export type {
  KeyValueStore,
  SessionStore,
  StateStore,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  WindowStore,
} from './state/stores.ts'
export type { TransformerContext, ValueTransformer } from './operators/table-transform-values.ts'
