import { setTimeout as sleep } from 'node:timers/promises'
import { valuesOf, type Kafka } from '@sluice/kafka'

/** Behind a commit, a broker may still be writing its markers; what stays open for longer than that is open. */
const MARKERS_MS = 5_000
const LOOK_MS = 20

export interface CommittedRecord {
  readonly partition: number
  /** As text; 'null' where there is none. */
  readonly key: string
  readonly value: string
}

/** What is committed of a topic, partition by partition, once the transactions that have ended are seen to have. */
export async function readCommitted(kafka: Kafka, topic: string): Promise<readonly CommittedRecord[]> {
  const [described] = await kafka.admin.describeTopics([topic])
  const places = Array.from({ length: described?.partitions ?? 0 }, (_, partition) => ({ topic, partition }))
  const ends = await committedEnds(kafka, places)
  return readTo(kafka, places, ends)
}

/** The counts of each key, in order, up to where the topic ends now: what others hold open is waited for. */
export async function countsIn(kafka: Kafka, topic: string, partitions: number): Promise<Map<string, number[]>> {
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const ends = (await kafka.admin.listOffsets(places, 'latest')).toSorted((a, b) => a.partition - b.partition)
  const counts = new Map<string, number[]>()
  for (const { key, value } of await readTo(
    kafka,
    places,
    ends.map(({ offset }) => offset),
  )) {
    const known = counts.get(key)
    if (known === undefined) counts.set(key, [Number(value)])
    else known.push(Number(value))
  }
  return counts
}

async function readTo(
  kafka: Kafka,
  places: readonly { readonly topic: string; readonly partition: number }[],
  ends: readonly number[],
): Promise<readonly CommittedRecord[]> {
  const fetcher = kafka.fetcher({ isolation: 'read_committed', maxWaitMs: 50 })
  const found = places.map((): CommittedRecord[] => [])
  try {
    fetcher.assign(places.map((place) => ({ ...place, offset: 0 })))
    while (places.some((place, i) => (fetcher.position(place) ?? 0) < ends[i]!))
      for (const { partition, batches } of await fetcher.poll(1_000))
        for (const batch of batches)
          for (let i = 0; i < batch.count; i++)
            found[partition]!.push({ partition, key: textOf(batch.key(i)), value: textOf(batch.value(i)) })
    return found.flat()
  } finally {
    await fetcher.close()
  }
}

async function committedEnds(
  kafka: Kafka,
  places: readonly { readonly topic: string; readonly partition: number }[],
): Promise<readonly number[]> {
  const latest = places.map((place) => ({ ...place, at: 'latest' as const }))
  const endsOf = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<number[]> =>
    valuesOf(await kafka.admin.partitions.listOffsets(latest, { isolation })).map(({ offset }) => offset)
  const all = await endsOf('read_uncommitted')
  for (const until = performance.now() + MARKERS_MS; ; await sleep(LOOK_MS)) {
    const committed = await endsOf('read_committed')
    if (committed.every((offset, i) => offset >= all[i]!) || performance.now() > until) return committed
  }
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : Buffer.from(bytes).toString()
}
