import type { ProducerRecord } from '@sluice/kafka'

/** Records number `from` and on, whose keys come in turn: `key 0`, `key 1` … `startMs`: the time of the first one of all; null: none is said. */
export function keyedRecords(
  topic: string,
  keys: number,
  from: number,
  count: number,
  startMs: number | null = null,
): ProducerRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    topic,
    partition: null,
    key: Buffer.from(`key ${(from + i) % keys}`),
    value: Buffer.from('x'),
    timestamp: startMs === null ? null : startMs + from + i,
    headers: null,
  }))
}
