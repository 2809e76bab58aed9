import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings, SourceRecord } from '@sluice/sdk'
import { FakeSourceContext, SourceRun } from '@sluice/sdk/testing'

/** Settings of a source that hands out what it has as fast as it can. */
export function datagen(more: RawSettings): RawSettings {
  return { 'kafka.topic': 't', 'max.interval': '0', ...more }
}

/** An Avro record of one field. */
export function oneField(type: unknown, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ type: 'record', name: 'Row', fields: [{ name: 'f', type, ...more }] })
}

/** All records of one task. */
export async function recordsOf(settings: RawSettings, task = 0): Promise<readonly SourceRecord[]> {
  const context = Object.assign(new FakeSourceContext(), { task })
  const run = new SourceRun(datagenSource, datagen(settings), context)
  try {
    await run.start()
    return await run.drain()
  } finally {
    await run.stop()
  }
}

/** So many values of one field. */
export async function valuesOf(
  type: unknown,
  count = 500,
  more: Readonly<Record<string, unknown>> = {},
): Promise<readonly unknown[]> {
  const records = await recordsOf({ 'schema.string': oneField(type, more), iterations: String(count), seed: '7' })
  return records.map(({ value }) => (value as { readonly f: unknown }).f)
}
