/** Connections to the two clusters. */
import { connect, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import { SluiceError, type Clock, type Logger, type SettingsShape } from '@sluice/sdk'
import { clientProperties, type Side } from './cluster-settings.ts'

/** @throws SluiceError that names the side: SETTINGS_INVALID, KAFKA_UNREACHABLE, KAFKA_AUTHENTICATION */
export async function connectTo(
  side: Side,
  settings: SettingsShape,
  parts: { readonly logger: Logger; readonly clock: Clock },
): Promise<Kafka> {
  try {
    return await connect({ ...kafkaConfig(clientProperties(settings, side)).config, ...parts })
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause
    throw new SluiceError(cause.code, `The ${side} cluster cannot be used: ${cause.message}`, {
      cause,
      retriable: cause.retriable,
      remedy: cause.remedy ?? `Look at the settings below ${side}.cluster.`,
    })
  }
}

/** Both, or none. */
export async function connectToBoth(
  settings: SettingsShape,
  parts: { readonly logger: Logger; readonly clock: Clock },
): Promise<{ readonly source: Kafka; readonly target: Kafka; close(): Promise<void> }> {
  const [source, target] = await Promise.allSettled([
    connectTo('source', settings, parts),
    connectTo('target', settings, parts),
  ])
  if (source.status === 'fulfilled' && target.status === 'fulfilled') {
    const opened = [source.value, target.value]
    const close = async (): Promise<void> => void (await Promise.all(opened.map((kafka) => kafka.close())))
    return { source: source.value, target: target.value, close }
  }
  for (const one of [source, target]) if (one.status === 'fulfilled') await one.value.close()
  throw source.status === 'rejected' ? source.reason : (target as PromiseRejectedResult).reason
}
