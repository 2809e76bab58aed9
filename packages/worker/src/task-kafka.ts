import { connect, type Kafka } from '@sluice/kafka'
import { SluiceError, type Logger, type RawSettings } from '@sluice/sdk'
import { isConnectionSetting, kafkaConfig } from './kafka-config.ts'
import { below } from './settings.ts'
import type { WorkerParts } from './worker-parts.ts'

/** A task's way to Kafka. */
export interface TaskKafka {
  readonly kafka: Kafka
  /** Whether it is the task's alone. */
  readonly isOwn: boolean
  /** Ends what is the task's alone; the worker's own goes on. */
  close(): Promise<void>
}

/**
 * The worker's connections, unless the settings of the task's clients (`producer.` of the worker, then `producer.override.` of the
 * connector, or the same of `consumer`) lead to another cluster, or log in as somebody else: then the task has connections of its own.
 * @throws SluiceError SETTINGS_INVALID, KAFKA_UNREACHABLE, KAFKA_AUTHENTICATION
 */
export async function kafkaOfTask(
  { kafka, worker, clock, random }: Pick<WorkerParts, 'kafka' | 'worker' | 'clock' | 'random'>,
  role: 'producer' | 'consumer',
  raw: RawSettings,
  logger: Logger,
): Promise<TaskKafka> {
  const wanted = { ...worker, ...below(`${role}.`, worker), ...below(`${role}.override.`, raw) }
  if (sameConnection(worker, wanted)) return { kafka, isOwn: false, close: async () => undefined }
  const connection = Object.fromEntries(Object.entries(wanted).filter(([key]) => isConnectionSetting(key)))
  const times = { 'request.timeout.ms': wanted['request.timeout.ms'] ?? '' }
  const own = await connect({ ...kafkaConfig({ ...connection, ...times }).config, logger, clock, random })
  return { kafka: own, isOwn: true, close: () => own.close() }
}

function sameConnection(a: RawSettings, b: RawSettings): boolean {
  return Object.keys({ ...a, ...b }).every((key) => !isConnectionSetting(key) || a[key] === b[key])
}

/**
 * Positions that are part of a transaction lie where its producer writes, and are read again through the worker's connections: on two
 * clusters they would never be found, and a restart would begin from the beginning.
 * @throws SluiceError SETTINGS_INVALID
 */
export async function assertSameCluster(producers: Pick<Kafka, 'admin'>, workers: Pick<Kafka, 'admin'>): Promise<void> {
  const [own, other] = await Promise.all([producers.admin.describeCluster(), workers.admin.describeCluster()])
  if (own.clusterId === other.clusterId) return
  throw new SluiceError(
    'SETTINGS_INVALID',
    `The producer writes to the cluster ${own.clusterId}, but exactly once its positions must be on the worker's, ${other.clusterId}`,
    {
      remedy:
        'Run the connector in a worker of that cluster, or at least once; or leave out producer.override.bootstrap.servers.',
    },
  )
}
