/** A Kafka broker that runs in the process. For one machine: development, tests, demos. */
export { type EmbeddedKafka, type FaultVerbs, type NodeAddress, startEmbeddedKafka } from './embedded-kafka.ts'
export type { ListenerOptions, SaslMechanism, SaslOptions, SecurityProtocol, TlsOptions } from './security/index.ts'
export type { EmbeddedKafkaOptions, EmulatedRelease, FlushPolicy } from './options.ts'
export {
  type Alter,
  type Intercept,
  type InterceptOptions,
  type InterceptedRequest,
  type Verdict,
  fault,
} from './server/faults.ts'
export type { RequestEntry, RequestOutcome } from './api/request-ring.ts'
export type { VersionCaps, VersionRange } from './api/registry.ts'
export { BrokerStartError } from './start-error.ts'
