/** Writing and reading short values, for the tests of fetching. */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { FetchedPartition, Fetcher, Kafka } from '../port.ts'
import { record } from './port-fixture.ts'
import { range } from './produce-contract.ts'

/** Values 0 to `count` - 1, dealt out to the partitions in turn. */
export async function fill(kafka: Kafka, topic: string, count: number, partitions = 1): Promise<void> {
  const producer = kafka.producer()
  await producer.produce(range(count).map((i) => record(topic, { partition: i % partitions, value: `${i}` })))
  await producer.close()
}

/** Polls until so many values have come; fails if more do. */
export async function collect(fetcher: Fetcher, count: number): Promise<string[]> {
  const values: string[] = []
  while (values.length < count) for (const partition of await fetcher.poll(1000)) values.push(...valuesOf(partition))
  assert.equal(values.length, count)
  return values
}

export function valuesOf({ batches }: FetchedPartition): string[] {
  return batches.flatMap((records) => range(records.count).map((i) => Buffer.from(records.value(i)!).toString()))
}

export function countOf({ batches }: FetchedPartition): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

/** Waits until what is asked for is what is expected: a change of the cluster takes a moment to reach every broker. */
export async function assertSoon(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    const found = await ask()
    if (isDeepStrictEqual(found, expected)) return
    if (performance.now() > until) return assert.deepEqual(found, expected)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
