import { connect, type Kafka } from '@sluice/kafka'
import { isConnectionSetting, kafkaConfig } from '@sluice/kafka/properties'
import { SluiceError, type Logger, type RawSettings } from '@sluice/sdk'
import { below } from './settings.ts'
import { notAllowed, overridePolicy, type ClientRole } from './validation/client-overrides.ts'
import type { WorkerParts } from './worker-parts.ts'

/** A task's way to Kafka. */
export interface TaskKafka {
  readonly kafka: Kafka
  /** Whether it is the task's alone. */
  readonly isOwn: boolean
  /** What it was opened by, among other settings. */
  readonly settings: RawSettings
  /** Ends what is the task's alone; the worker's own goes on. */
  close(): Promise<void>
}

export type TaskKafkaParts = Pick<WorkerParts, 'kafka' | 'worker' | 'clock' | 'random'>

/**
 * The worker's connections, unless the settings of the task's clients (`producer.` of the worker, then `producer.override.` of the
 * connector, or the same of `consumer` or `admin`) lead to another cluster, or log in as somebody else: then the task has connections of
 * its own.
 * @throws SluiceError SETTINGS_INVALID, also for an override that the worker's policy does not allow, KAFKA_UNREACHABLE, KAFKA_AUTHENTICATION
 */
export async function kafkaOfTask(
  { kafka, worker, clock, random }: TaskKafkaParts,
  role: ClientRole,
  raw: RawSettings,
  logger: Logger,
): Promise<TaskKafka> {
  const settings = settingsOf(role, worker, raw)
  if (sameConnection(worker, settings)) return { kafka, isOwn: false, settings, close: async () => undefined }
  const connection = Object.fromEntries(Object.entries(settings).filter(([key]) => isConnectionSetting(key)))
  const times = { 'request.timeout.ms': settings['request.timeout.ms'] ?? '' }
  const own = await connect({ ...kafkaConfig({ ...connection, ...times }).config, logger, clock, random })
  return { kafka: own, isOwn: true, settings, close: () => own.close() }
}

/**
 * What makes topics and alters groups for a task whose clients use `beside`, which has to be closed after it: the worker's connections,
 * `beside` where it is the same login, or one for `admin.` and `admin.override.`. Where `beside` leads to another cluster and nobody says
 * what `admin` is to reach, it is `beside`: Kafka Connect would look on the worker's cluster, where the topics and groups are not.
 * @throws SluiceError as `kafkaOfTask`
 */
export async function adminOfTask(
  parts: TaskKafkaParts,
  raw: RawSettings,
  beside: TaskKafka,
  logger: Logger,
): Promise<TaskKafka> {
  const settings = settingsOf('admin', parts.worker, raw)
  const isTold = [parts.worker['admin.bootstrap.servers'], raw['admin.override.bootstrap.servers']].some(
    (servers) => servers !== undefined,
  )
  const isElsewhere = async (): Promise<boolean> =>
    !isTold &&
    settings['bootstrap.servers'] !== beside.settings['bootstrap.servers'] &&
    !(await isSameCluster(beside.kafka, parts.kafka))
  if (sameConnection(settings, beside.settings) || (await isElsewhere())) return borrowed(beside)
  return kafkaOfTask(parts, 'admin', raw, logger)
}

/** The same, for somebody who does not end it. */
export function borrowed(kafka: TaskKafka): TaskKafka {
  return { ...kafka, isOwn: false, close: async () => undefined }
}

/** Later ones win: the worker's, its own for such clients, the connector's. */
function settingsOf(role: ClientRole, worker: RawSettings, raw: RawSettings): RawSettings {
  const overrides = below(`${role}.override.`, raw)
  const policy = overridePolicy(worker)
  const refused = Object.keys(overrides).find((setting) => !policy.allows(setting))
  if (refused === undefined) return { ...worker, ...below(`${role}.`, worker), ...overrides }
  throw new SluiceError('SETTINGS_INVALID', notAllowed(policy, refused), {
    place: { setting: `${role}.override.${refused}` },
    remedy: 'Leave the setting out of the connector, or have connector.client.config.override.policy allow it.',
  })
}

function sameConnection(a: RawSettings, b: RawSettings): boolean {
  return Object.keys({ ...a, ...b }).every((key) => !isConnectionSetting(key) || a[key] === b[key])
}

type Cluster = Pick<Kafka, 'admin'>

async function isSameCluster(a: Cluster, b: Cluster): Promise<boolean> {
  const [one, other] = await Promise.all([a.admin.describeCluster(), b.admin.describeCluster()])
  return one.clusterId === other.clusterId
}

/**
 * Positions that are part of a transaction lie where its producer writes, and are read again through the worker's connections: on two
 * clusters they would never be found, and a restart would begin from the beginning.
 * @throws SluiceError SETTINGS_INVALID
 */
export async function assertSameCluster(producers: Cluster, workers: Cluster): Promise<void> {
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
