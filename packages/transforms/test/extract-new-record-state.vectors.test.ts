/** Change events become the rows that Debezium's own transform made of them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { transforms } from '@sluice/transforms'
import { rowRecord } from './support/change-events.ts'

interface Recorded {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  readonly headers: Readonly<Record<string, string>>
}

const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ft: {},
  fd: { 'delete.tombstone.handling.mode': 'drop', 'add.headers': 'op,source.lsn' },
  fr: {
    'delete.tombstone.handling.mode': 'rewrite',
    'add.fields': 'op,table,lsn,source.ts_ms,source.txId:tx',
  },
  fw: { 'delete.tombstone.handling.mode': 'rewrite-with-tombstone' },
}

test.each([
  ['b_default', 'ft'],
  ['b_default', 'fd'],
  ['b_default', 'fr'],
  ['b_default', 'fw'],
  ['b_toast', 'fr'],
])('%s, connector %s', (folder, connector) => {
  const plugin = transforms.find(({ name }) => name === 'extract-new-record-state')!
  const transform = plugin.create(SETTINGS[connector]!)
  const ours = recorded(folder, 'd').flatMap((each) => {
    const record = transform(rowRecord(each))
    return record === null ? [] : [comparable({ ...record, headers: headersOf(record.headers) }, 'd')]
  })
  const theirs = recorded(folder, connector).map((each) => comparable(each, connector))
  expect(theirs.length).toBeGreaterThan(0)
  expect(ours).toEqual(theirs)
})

function recorded(folder: string, connector: string): readonly Recorded[] {
  const vectors = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../e2e/vectors')
  const lines = readFileSync(path.join(vectors, 'cdc', folder, `${connector}.jsonl`), 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
}

function headersOf(
  headers: readonly { readonly key: string; readonly value: unknown }[] | null,
): Record<string, string> {
  return Object.fromEntries((headers ?? []).map(({ key, value }) => [key, String(value)]))
}

/** What differs from slot to slot is compared by its type. */
const OF_THE_SLOT = ['__lsn', '__source_ts_ms', '__tx']

function comparable({ topic, key, value, headers }: Recorded, connector: string): unknown {
  const row = value === null ? null : { ...(value as Readonly<Record<string, unknown>>) }
  for (const name of OF_THE_SLOT) if (row !== null && name in row) row[name] = typeof row[name]
  const { __source_lsn: lsn, ...others } = headers
  const told = Object.fromEntries(Object.entries(others).filter(([name]) => !name.startsWith('__debezium.context.')))
  const fields = row === null ? null : Object.entries(row)
  return {
    topic: topic.replace(`${connector}.`, ''),
    key,
    fields,
    headers: { ...told, ...(lsn !== undefined && { lsn: /^\d+$/.test(lsn) }) },
  }
}
