/** Tables whose log is kept short, and tables whose files are put into others; old versions stay what they were. */
import { primitive, struct } from '@sluice/sdk'
import { KeptTable } from './kept-table.ts'
import type { LateStore, Row, Said } from './kept-table.ts'
import { id, optional, text } from './types.ts'

/** Checkpoints at every tenth version; what is older than the thirtieth has left the log. */
export async function cleanedUp(
  store: LateStore,
  name: string,
  properties: Record<string, string>,
): Promise<KeptTable> {
  store.aheadMs = 0
  const table = await KeptTable.make(store, name, struct({ id, part: text }), {
    partitionColumns: ['part'],
    properties,
  })
  await table.table.setDomain('somebody.else', '{"kept":true}')
  table.note()
  const row = (n: number): readonly [Row, Said] => [
    { id: n, part: `p${n % 3}` },
    { id: String(n), part: `p${n % 3}` },
  ]
  while (table.table.snapshot.version < 19) await table.write(row(table.table.snapshot.version))
  store.aheadMs = 400 * 86_400_000
  while (table.table.snapshot.version < 34) await table.write(row(table.table.snapshot.version))
  table.forget(30)
  store.aheadMs = 0
  return table
}

/** Compacted, rows deleted, a column added, a domain set and removed. */
export async function rewritten(
  store: LateStore,
  name: string,
  properties: Record<string, string>,
): Promise<KeptTable> {
  const schema = struct({ id, part: text, n: primitive('int32', optional) })
  const table = await KeptTable.make(store, name, schema, { partitionColumns: ['part'], properties })
  const row = (n: number): readonly [Row, Said] => [
    { id: n, part: n % 4 === 0 ? null : `p ${n % 2}/ü`, n },
    { id: String(n), part: n % 4 === 0 ? null : `p ${n % 2}/ü`, n: String(n) },
  ]
  for (let n = 0; n < 12; n += 6) await table.write(...[0, 1, 2, 3, 4, 5].map((i) => row(n + i)))
  await table.compact()
  await table.write(row(12), row(13))
  await table.compact(({ id: key }) => Number(key) % 3 === 0)
  await table.table.setDomain('somebody.else', '{"rows":9}')
  table.note()
  await table.accept(struct({ id, part: text, n: primitive('int32', optional), more: text }), { more: null })
  await table.write([
    { id: 100, part: 'p 1/ü', n: 1, more: 'm' },
    { id: '100', part: 'p 1/ü', n: '1', more: 'm' },
  ])
  await table.compact()
  await table.table.setDomain('somebody.else', undefined)
  table.note()
  await table.compact(({ id: key }) => Number(key) < 100)
  await table.write([row(14)[0], { ...row(14)[1], more: null }])
  return table
}
