import { type Kafka, valuesOf } from '@sluice/kafka'
import { describeError, type Logger, SluiceError } from '@sluice/sdk'
import type { InternalTopic } from './storage-settings.ts'

const POLICY = 'cleanup.policy'
const COMPACT = 'compact'

/**
 * Makes a topic of the worker's own if it is missing and may be made, and sees to it that it is fit: compacted, or what is in it would be
 * lost after a while; and of one partition where its records must stay in order.
 * @throws SluiceError SETTINGS_INVALID when it is not fit, or missing and not to be made; KAFKA_REFUSED, KAFKA_UNREACHABLE
 */
export async function prepareTopic(
  admin: Kafka['admin'],
  spec: InternalTopic,
  logger: Logger,
  { isSinglePartition = false }: { readonly isSinglePartition?: boolean } = {},
): Promise<void> {
  const { topic, partitions, replicationFactor, configs, mayCreate } = spec
  if (mayCreate) {
    const created = await admin.ensureTopics([
      { topic, partitions, replicationFactor, configs: { ...configs, [POLICY]: COMPACT } },
    ])
    if (created.length > 0) {
      logger.info('A topic of the worker has been created', { topic, partitions, replicationFactor })
      return
    }
  }
  const [found] = await admin.describeTopics([topic])
  if (found === undefined) throw missing(spec)
  if (isSinglePartition && found.partitions !== 1) throw manyPartitions(spec, found.partitions)
  await checkPolicy(admin, spec, logger)
}

async function checkPolicy(admin: Kafka['admin'], spec: InternalTopic, logger: Logger): Promise<void> {
  let policy: string | null | undefined
  try {
    const outcomes = await admin.configs.describe([{ type: 'topic', name: spec.topic, names: [POLICY] }])
    policy = valuesOf(outcomes)[0]?.find(({ name }) => name === POLICY)?.value
  } catch (error) {
    if (!isForbidden(error)) throw error
    const facts = { topic: spec.topic, error: describeError(error) }
    logger.warn('Whether a topic of the worker is compacted could not be checked: it is not allowed', facts)
    return
  }
  if (policy !== COMPACT) throw notCompacted(spec, policy ?? '')
}

function isForbidden(error: unknown): boolean {
  return error instanceof SluiceError && String(error.place?.['error']).endsWith('_AUTHORIZATION_FAILED')
}

function missing({ topic, setting }: InternalTopic): SluiceError {
  const message = `Topic '${topic}' supplied via the '${setting}' property does not exist, and internal.topics.automatic.creation.enable is false`
  return new SluiceError('SETTINGS_INVALID', message, {
    place: { topic },
    remedy: 'Create the topic, compacted; or let the worker create it.',
  })
}

function manyPartitions({ topic, setting, holds }: InternalTopic, count: number): SluiceError {
  const message = `Topic '${topic}' supplied via the '${setting}' property is required to have a single partition in order to guarantee consistency of ${holds}, but found ${count} partitions.`
  return new SluiceError('SETTINGS_INVALID', message, { place: { topic }, remedy: `Name another topic in ${setting}.` })
}

function notCompacted({ topic, setting, holds }: InternalTopic, policy: string): SluiceError {
  const message = `Topic '${topic}' supplied via the '${setting}' property is required to have '${POLICY}=${COMPACT}' to guarantee consistency and durability of ${holds}, but found the topic currently has '${POLICY}=${policy}'. Continuing would likely result in eventually losing ${holds} and problems restarting this Connect cluster in the future.`
  return new SluiceError('SETTINGS_INVALID', message, {
    place: { topic },
    remedy: `Set ${POLICY}=${COMPACT} on the topic, or name another one in ${setting}.`,
  })
}
