import {
  BrokerStartError,
  type EmbeddedKafka,
  type EmbeddedKafkaOptions,
  startEmbeddedKafka,
} from '@sluice/embedded-kafka'
import { SluiceError } from '@sluice/sdk'

/**
 * A broker in this process.
 * @throws SluiceError KAFKA_UNREACHABLE: the port or the folder belongs to somebody else, or cannot be written
 */
export async function startBroker(options: EmbeddedKafkaOptions): Promise<EmbeddedKafka> {
  try {
    return await startEmbeddedKafka(options)
  } catch (cause) {
    if (!(cause instanceof BrokerStartError)) throw cause
    throw new SluiceError('KAFKA_UNREACHABLE', cause.reason, { cause: cause.cause, remedy: cause.remedy })
  }
}
