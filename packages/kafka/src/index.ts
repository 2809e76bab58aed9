/** The only door to Kafka: see port.ts for what it offers. */
export * from './port.ts'
export { type KafkaConfig, connect } from './cluster.ts'
export { type BrokerAddress, type Dial, type OnBytes, dialPlain } from './wire/dial.ts'
export { MetricSet, Spread, type Meter, type MetricGroup } from './metrics.ts'
export type { LoggedRequest } from './request-log.ts'
export type {
  AuthenticationProviderArgs,
  CustomMechanism,
  KafkajsLogger,
  OAuthBearerConfig,
  OAuthToken,
  PlainConfig,
  SaslConfig,
  ScramConfig,
  Secret,
  SecurityConfig,
  SecurityProtocol,
  SslConfig,
} from './security/security-config.ts'
export { cooperativeStickyAssignor } from './group/assignors/cooperative-sticky.ts'
export { rangeAssignor } from './group/assignors/range.ts'
export { roundRobinAssignor } from './group/assignors/round-robin.ts'
export { stickyAssignor } from './group/assignors/sticky.ts'
export { valuesOf } from './admin/admin-requests.ts'
export { murmur2, partitionForKey } from './produce/partitioner.ts'
export { TopicTable } from './topic-table.ts'
export * from './table/table-port.ts'
export { TopicReader, type TopicReaderOptions } from './table/topic-reader.ts'
export {
  EMPTY_TALLY,
  TALLY_BYTES_MAX,
  type Tally,
  addTallies,
  checkTally,
  decodeTally,
  encodeTally,
  total,
} from './tally.ts'
export { type DeadLetterContext, type OriginalRecord, deadLetter } from './dead-letters.ts'
