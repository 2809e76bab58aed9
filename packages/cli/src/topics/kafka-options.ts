/** Options of every command that speaks to Kafka itself, and the connection that they make. */
import { SluiceError } from '@sluice/sdk'
import type { Kafka } from '@sluice/kafka'
import { contextOption } from '../command-line/context-option.ts'
import type { Options, Values } from '../command-line/declaration.ts'

export const kafkaOptions = {
  context: contextOption,
  bootstrap: {
    type: 'text',
    short: 'b',
    value: 'HOST:PORT',
    env: 'SLUICE_BOOTSTRAP',
    isInContext: true,
    default: 'localhost:9092',
    documentation: 'Brokers, separated by commas',
  },
  'command-config': {
    type: 'text',
    value: 'FILE',
    completes: 'file',
    isInContext: true,
    documentation: 'Properties of Kafka’s clients, as for TLS and a login',
  },
  timeout: { type: 'duration', value: 'TIME', default: '30s', documentation: 'How long Kafka may take to answer' },
  quiet: { type: 'flag', short: 'q', documentation: 'Only results and errors' },
} as const satisfies Options

/** @throws SluiceError KAFKA_UNREACHABLE, KAFKA_AUTHENTICATION; SETTINGS_INVALID */
export async function withKafka<T>(values: Values<typeof kafkaOptions>, use: (kafka: Kafka) => Promise<T>): Promise<T> {
  const { connect } = await import('@sluice/kafka')
  const config =
    values['command-config'] === undefined ? {} : await configIn(values['command-config'], values.bootstrap)
  const kafka = await connect({
    clientId: 'sluice',
    bootstrapServers: values.bootstrap,
    requestTimeoutMs: values.timeout,
    ...config,
  })
  try {
    return await use(kafka)
  } finally {
    await kafka.close()
  }
}

async function configIn(file: string, bootstrap: string) {
  const { kafkaConfig, readProperties } = await import('@sluice/worker')
  return kafkaConfig({ ...(await readProperties(file)), 'bootstrap.servers': bootstrap }).config
}

export function noSuchTopic(topic: string): SluiceError {
  return new SluiceError('OBJECT_MISSING', `There is no topic ${topic}`, {
    remedy: `sluice topics list shows those that there are, and sluice topics create ${topic} makes it.`,
  })
}

/** How many partitions a topic has. @throws SluiceError OBJECT_MISSING */
export async function partitionsOf(kafka: Kafka, topic: string): Promise<number> {
  const [found] = await kafka.admin.describeTopics([topic])
  if (found === undefined) throw noSuchTopic(topic)
  return found.partitions
}
