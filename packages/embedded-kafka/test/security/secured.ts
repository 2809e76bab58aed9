import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type EmbeddedKafka, type EmbeddedKafkaOptions, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type Kafka, type KafkaConfig, connect } from '@sluice/kafka'

/** Made by deploy/dev/certs.sh: of one authority, good for loopback and for nothing. `stranger` is of another. */
const CERTS = path.join(import.meta.dirname, '../../../kafka/test/security/certs')
export const certificate = (name: string): string => path.join(CERTS, name)
export const pem = (name: string): string => readFileSync(certificate(name), 'utf8')

export const LISTENERS = ['PLAINTEXT', 'SASL_PLAINTEXT', 'SSL', 'SASL_SSL'] as const
export type ListenerName = (typeof LISTENERS)[number]

/** A broker that listens like this; SSL asks for a client certificate. Its users are alice and bob. */
export function startSecured(listener: ListenerName, options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
  const clientAuth = listener === 'SSL' ? 'required' : 'none'
  const tls = { cert: pem('broker.pem'), key: pem('broker.key'), ca: pem('ca.pem'), clientAuth } as const
  const sasl = { users: { alice: 'alice-secret', bob: 'bob-secret', 'a,l=ice': 'a,l=ice-secret' } }
  return startEmbeddedKafka({
    ...options,
    listener: {
      ...(listener.endsWith('SSL') ? { tls } : {}),
      ...(listener.startsWith('SASL') ? { sasl } : {}),
    },
  })
}

export const TRUST = { ca: certificate('ca.pem') }
export const ALICE = { ...TRUST, cert: certificate('alice.pem'), key: certificate('alice.key') }

export function connectTo(
  { bootstrapServers }: EmbeddedKafka,
  listener: ListenerName,
  config: Partial<KafkaConfig> = {},
): Promise<Kafka> {
  const ssl = listener.endsWith('SSL') ? { ssl: TRUST } : {}
  return connect({ bootstrapServers, requestTimeoutMs: 10_000, ...ssl, ...config })
}

/** Produces a record and reads it back: every connection that a client makes is of the same kind. */
export async function roundTrip(kafka: Kafka, topic: string): Promise<string[]> {
  await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
  const producer = kafka.producer()
  const record = { topic, partition: 0, key: null, value: Buffer.from('well kept'), timestamp: null, headers: null }
  await producer.produce([record])
  await producer.close()
  const fetcher = kafka.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const found: string[] = []
  for (let i = 0; i < 20 && found.length === 0; i++) {
    for (const { batches } of await fetcher.poll(500)) {
      for (const records of batches) found.push(Buffer.from(records.value(0)!).toString())
    }
  }
  await fetcher.close()
  return found
}
