/** What the embedded broker says about itself to whoever asks over the wire, and what a client of it measures. */
import net from 'node:net'
import { once } from 'node:events'
import { type EmulatedRelease, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type ConfigEntry, type Kafka, type MetricGroup, connect, valuesOf } from '@sluice/kafka'
import { apiVersions, decodeResponse, encodeRequest } from '@sluice/kafka-protocol'

export const RELEASES: readonly EmulatedRelease[] = ['2.8', '3.6', '3.9', '4.0', '4.3']

/** What one emulated release offers: versions by API name, levels by feature. */
export interface Offer {
  readonly release: EmulatedRelease
  readonly apis: ReadonlyMap<string, string>
  readonly features: ReadonlyMap<string, number>
}

export interface BrokerFacts {
  readonly offers: readonly Offer[]
  readonly brokerSettings: readonly ConfigEntry[]
  readonly topicSettings: readonly ConfigEntry[]
  readonly groupSettings: readonly ConfigEntry[]
  readonly metrics: readonly MetricGroup[]
}

const TOPIC = 'measured'
const PATIENCE_MS = 10_000

export async function brokerFacts(): Promise<BrokerFacts> {
  const offers = await Promise.all(RELEASES.map(offerOf))
  await using broker = await startEmbeddedKafka()
  const kafka = await connect({ bootstrapServers: broker.bootstrapServers })
  try {
    await kafka.admin.ensureTopics([{ topic: TOPIC, partitions: 1 }])
    const metrics = await measured(kafka)
    const resources = [
      { type: 'broker', name: '1' },
      { type: 'topic', name: TOPIC },
      { type: 'group', name: TOPIC },
    ] as const
    const described = await kafka.admin.configs.describe(resources, { documentation: true, synonyms: true })
    const [brokerSettings, topicSettings, groupSettings] = valuesOf(described)
    return {
      offers,
      brokerSettings: brokerSettings!,
      topicSettings: topicSettings!,
      groupSettings: groupSettings!,
      metrics,
    }
  } finally {
    await kafka.close()
  }
}

async function offerOf(release: EmulatedRelease): Promise<Offer> {
  await using broker = await startEmbeddedKafka({ emulate: release })
  const { host, port } = broker.addresses[0]!
  const socket = net.connect(port, host)
  const software = { clientSoftwareName: 'reference-pages', clientSoftwareVersion: '1' }
  for (const chunk of encodeRequest('ApiVersions', 3, { correlationId: 1, clientId: 'reference-pages' }, software))
    socket.write(chunk)
  let bytes = Buffer.alloc(0)
  while (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE()) {
    const [more] = (await once(socket, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, more])
  }
  socket.destroy()
  const { body } = decodeResponse('ApiVersions', 3, bytes.subarray(4))
  const apis = body.apiKeys.map(({ apiKey, minVersion, maxVersion }) => {
    return [apiVersions(apiKey)!.name, `${minVersion}–${maxVersion}`] as const
  })
  const features = body.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel] as const)
  return { release, apis: new Map(apis), features: new Map(features) }
}

/** Has every kind of client work until each has measured what it can. */
async function measured(kafka: Kafka): Promise<readonly MetricGroup[]> {
  const producer = kafka.producer()
  const value = Buffer.from('v')
  await producer.produce([{ topic: TOPIC, partition: 0, key: null, value, timestamp: null, headers: null }])
  const fetcher = kafka.fetcher()
  fetcher.assign([{ topic: TOPIC, partition: 0, offset: 0 }])
  await fetcher.poll(PATIENCE_MS)
  const member = kafka.consumerMember({
    groupId: TOPIC,
    topics: [TOPIC],
    heartbeatIntervalMs: 20,
    hooks: { onAssigned() {}, onLost() {} },
  })
  await member.join()
  await member.commit([{ topic: TOPIC, partition: 0, offset: 1, metadata: '' }])
  const deadline = performance.now() + PATIENCE_MS
  while (!kafka.metrics().some(({ values }) => values['heartbeat-total'] !== undefined)) {
    if (performance.now() > deadline) throw new Error('no heartbeat was measured')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const metrics = kafka.metrics()
  await member.close()
  await fetcher.close()
  await producer.close()
  return metrics
}
