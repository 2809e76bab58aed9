/** A table whose changelog is as long as it has rows: each key once, in no order, with 100 bytes. */
import type { Kafka } from '@sluice/kafka'

export const RESTORED = { application: 'restored', input: 'restored-in', store: 'table', partitions: 4 } as const
const BATCH = 20_000
const VALUE_BYTES = 100
/** Odd, and no factor of a power of ten: multiplied by it, every number below comes once. */
const STEP = 7_368_787

export async function fillChangelog(kafka: Kafka, rows: number): Promise<void> {
  const topic = `${RESTORED.application}-${RESTORED.store}-changelog`
  await kafka.admin.ensureTopics([
    { topic: RESTORED.input, partitions: RESTORED.partitions },
    { topic, partitions: RESTORED.partitions, configs: { 'cleanup.policy': 'compact' } },
  ])
  const producer = kafka.producer({ batchBytesMax: 262_144 })
  for (let from = 0; from < rows; from += BATCH) {
    await producer.produce(
      Array.from({ length: Math.min(BATCH, rows - from) }, (_, i) => {
        const row = ((from + i) * STEP) % rows
        const key = `customer-${String(row).padStart(7, '0')}`
        const value = Buffer.from(`{"id":"${key}","row":${row},"level":${row % 5}}`.padEnd(VALUE_BYTES))
        return {
          topic,
          partition: row % RESTORED.partitions,
          key: Buffer.from(key),
          value,
          timestamp: row,
          headers: null,
        }
      }),
    )
  }
  await producer.close()
}
