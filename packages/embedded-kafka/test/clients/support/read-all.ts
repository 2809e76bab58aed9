import type { Kafka } from '@sluice/kafka'

export interface ReadRecord {
  readonly partition: number
  readonly key: string
  readonly value: Buffer
}

const POLL_TIMEOUT_MS = 1_000

/** Everything in a topic, in order per partition. */
export async function readAll(
  kafka: Kafka,
  topic: string,
  isolation: 'read_uncommitted' | 'read_committed',
): Promise<ReadRecord[]> {
  const [{ partitions: count } = { partitions: 0 }] = await kafka.admin.describeTopics([topic])
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  const ends = await kafka.admin.listOffsets(partitions, 'latest')
  const fetcher = kafka.fetcher({ isolation })
  fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
  const found: ReadRecord[] = []
  try {
    while (ends.some((end) => (fetcher.position(end) ?? 0) < end.offset)) {
      for (const { partition, batches } of await fetcher.poll(POLL_TIMEOUT_MS)) {
        for (const records of batches) {
          for (let i = 0; i < records.count; i++)
            found.push({ partition, key: bytes(records.key(i)).toString(), value: bytes(records.value(i)) })
        }
      }
    }
  } finally {
    await fetcher.close()
  }
  return found
}

function bytes(field: Uint8Array | null): Buffer {
  return Buffer.from(field ?? [])
}
