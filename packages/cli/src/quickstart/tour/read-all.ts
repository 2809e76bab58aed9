import type { Kafka } from '@sluice/kafka'
import { SluiceError, systemClock, type StructValue } from '@sluice/sdk'
import { PARTITIONS } from './plan.ts'

const POLL_MS = 500
const DEADLINE_MS = 30_000

/** The values of all committed records of a topic, which are JSON. */
export async function readAll<V extends StructValue>(kafka: Kafka, topic: string): Promise<readonly V[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const [starts, ends] = await Promise.all([
    kafka.admin.listOffsets(partitions, 'earliest'),
    kafka.admin.listOffsets(partitions, 'latest'),
  ])
  const left = new Map(ends.filter(({ offset }) => offset > 0).map(({ partition, offset }) => [partition, offset]))
  for (const { partition, offset } of starts) if (left.get(partition) === offset) left.delete(partition)
  const values: V[] = []
  const fetcher = kafka.fetcher({ isolation: 'read_committed', maxWaitMs: POLL_MS })
  try {
    fetcher.assign(starts.filter(({ partition }) => left.has(partition)))
    for (const until = systemClock.monotonic() + DEADLINE_MS; left.size > 0;) {
      if (systemClock.monotonic() > until)
        throw new SluiceError('KAFKA_TIMEOUT', `${topic} could not be read to its end`)
      for (const { partition, batches, nextOffset } of await fetcher.poll(POLL_MS)) {
        for (const batch of batches)
          for (let i = 0; i < batch.count; i++) values.push(JSON.parse(Buffer.from(batch.value(i)!).toString()) as V)
        if (nextOffset >= left.get(partition)!) left.delete(partition)
      }
    }
    return values
  } finally {
    await fetcher.close()
  }
}
