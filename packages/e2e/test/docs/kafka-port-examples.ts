/** The examples of docs/explanation/kafka-port.md: each function's body stands there word for word, and is run here. */
import { readFile } from 'node:fs/promises'
import {
  type CommittedOffset,
  type FetchPosition,
  type GroupIdentity,
  type Kafka,
  type ProducerRecord,
  TopicTable,
  connect,
  jsonCodec,
  textCodec,
  valuesOf,
} from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'

export async function connecting(bootstrapServers: string): Promise<void> {
  const kafka = await connect({ bootstrapServers, clientId: 'orders' })
  await kafka.admin.ensureTopics([{ topic: 'orders', partitions: 3 }])
  await kafka.close()
}

export async function producing(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({ compression: 'zstd', lingerMs: 5 })
  const key = Buffer.from('o-1')
  const value = Buffer.from('{"eur":2}')
  const produced = await producer.produce([
    { topic: 'orders', partition: null, key, value, timestamp: null, headers: null },
  ])
  console.log(produced) // [{ topic: 'orders', partition: 1, firstOffset: 0, count: 1 }]
  await producer.close()
}

export async function transactions(
  kafka: Kafka,
  records: readonly ProducerRecord[],
  group: GroupIdentity,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  const copier = await kafka.transactionalProducer({ transactionalId: 'copier-0' })
  copier.begin()
  void copier.produce(records)
  void copier.sendOffsets(group, offsets)
  try {
    await copier.commit()
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    if (error.code === 'KAFKA_TRANSACTION_ABORTABLE') await copier.abort()
    else if (error.code === 'KAFKA_TIMEOUT') await copier.commit()
    else throw error
  }
  await copier.close()
}

export async function fetching(kafka: Kafka): Promise<void> {
  const fetcher = kafka.fetcher({ isolation: 'read_committed', reset: 'earliest' })
  fetcher.assign([{ topic: 'orders', partition: 1, offset: null }])
  for (const { batches, nextOffset, highWatermark } of await fetcher.poll(1000)) {
    for (const records of batches) {
      for (let i = 0; i < records.count; i++) console.log(records.offset(i), records.key(i), records.value(i))
    }
    console.log(`${highWatermark - nextOffset} are still to be read`)
  }
  await fetcher.close()
}

export async function groups(kafka: Kafka, work: (value: Uint8Array | null) => void, stop: AbortSignal): Promise<void> {
  const fetcher = kafka.fetcher({ reset: 'earliest' })
  const held = new Map<string, FetchPosition>()
  const nameOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`
  const member = kafka.consumerMember({
    groupId: 'billing',
    topics: ['orders'],
    hooks: {
      async onAssigned(partitions) {
        for (const partition of partitions) held.set(nameOf(partition), { ...partition, offset: null })
        for (const committed of await member.committed(partitions)) held.set(nameOf(committed), committed)
        fetcher.assign([...held.values()])
      },
      async onRevoked(partitions) {
        const done = positionsOf(partitions)
        forget(partitions) // before the commit, so that nothing more of them is worked on meanwhile
        await member.commit(done)
      },
      onLost: (partitions) => forget(partitions),
    },
  })
  function forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) held.delete(nameOf(partition))
    fetcher.assign([...held.values()])
  }
  function positionsOf(partitions: Iterable<TopicPartition>): CommittedOffset[] {
    const positions = Array.from(partitions, (partition) => held.get(nameOf(partition)))
    return positions.flatMap((at) =>
      at === undefined || at.offset === null ? [] : [{ ...at, offset: at.offset, metadata: '' }],
    )
  }

  await member.join()
  while (!stop.aborted) {
    const isOurs = member.poll()
    for (const { topic, partition, batches, nextOffset, leaderEpoch } of await fetcher.poll(500, stop)) {
      if (!isOurs || !held.has(nameOf({ topic, partition }))) continue
      for (const records of batches) for (let i = 0; i < records.count; i++) work(records.value(i))
      held.set(nameOf({ topic, partition }), { topic, partition, offset: nextOffset, leaderEpoch })
    }
    try {
      await member.commit(positionsOf(held.values()))
    } catch (error) {
      // The group is on the move: onRevoked commits what is still ours, onLost forgets what is not.
      if (!(error instanceof SluiceError && (error.retriable || error.code === 'KAFKA_FENCED'))) throw error
    }
  }
  await member.close()
  await fetcher.close()
}

export async function administration(kafka: Kafka): Promise<void> {
  const changes = [{ name: 'retention.ms', operation: 'set', value: '86400000' }] as const
  valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name: 'orders', changes }]))

  const partitions = [0, 1, 2].map((partition) => ({ topic: 'orders', partition }))
  for (const { item, value, error } of await kafka.admin.groups.resetOffsets('billing', partitions, 'earliest')) {
    console.log(item.partition, error === null ? `begins at ${value}` : error.message)
  }
}

export async function tables(kafka: Kafka): Promise<void> {
  const prices = await TopicTable.open(kafka, { topic: 'prices', key: textCodec, value: jsonCodec<{ eur: number }>() })
  const stop = prices.onChange(({ key, value }) => console.log(key, value))
  await prices.set([{ key: 'apple', value: { eur: 2 } }])
  console.log(prices.get('apple'), prices.startUp.ms)
  stop()
  await prices.close()
}

export async function errors(kafka: Kafka): Promise<void> {
  try {
    await kafka.admin.deleteTopics(['no such topic!'])
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    console.log(error.code, error.place?.['error'], error.retriable, error.message, error.remedy)
  }
}

export async function security(secretFile: string): Promise<void> {
  const kafka = await connect({
    bootstrapServers: 'kafka-1:9094,kafka-2:9094',
    ssl: { ca: '/etc/kafka/ca.pem', cert: '/etc/kafka/me.pem', key: '/etc/kafka/me.key' },
    sasl: {
      mechanism: 'SCRAM-SHA-512',
      username: 'me',
      password: async () => (await readFile(secretFile, 'utf8')).trim(),
    },
  })
  await kafka.close()
}

export async function watching(kafka: Kafka): Promise<void> {
  for (const { group, tags, values } of kafka.metrics()) {
    if (group === 'producer-metrics') console.log(tags['client-id'], values['record-send-total'])
  }
  for (const { api, broker, latencyMs, outcome } of kafka.requestLog()) console.log(api, broker, latencyMs, outcome)
}
