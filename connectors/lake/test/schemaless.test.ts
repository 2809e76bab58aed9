import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { SinkRecord, Value } from '@sluice/sdk'
import { LakeFolder } from './lake-folder.ts'
import { P0, order, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const bare = (offset: number, value: Value): SinkRecord => order(0, offset, value, null)

async function written(...batches: readonly (readonly SinkRecord[])[]): Promise<number[]> {
  const run = sinkInto(folder, { 'schemaless.records': 'infer' })
  await run.start([P0])
  for (const batch of batches) await run.put(batch)
  await run.flush(true)
  await run.stop()
  return run.context.reported.map(({ record }) => record.offset)
}

test('columns follow from the first batch; what does not fit them stands in _rescued', async () => {
  const bad = await written(
    [
      bare(0, { n: 1, x: 1, ok: true, s: 'a', deep: { a: [1] }, mixed: 1 }),
      bare(1, { n: 2, x: 1.5, mixed: 'one', 'bad name': 1, N: 'twin' }),
    ],
    [bare(2, { n: 'three', more: [1], ok: null }), bare(3, [1, 2]), bare(4, { n: 2n ** 62n })],
  )
  expect(bad).toEqual([3])
  const rows = await folder.query('orders', 'select * from $files order by s nulls last, x nulls last, n')
  const none = { n: null, x: null, ok: null, s: null, deep: null, mixed: null, _rescued: null }
  expect(rows).toHaveLength(4)
  expect(rows).toContainEqual({ ...none, n: '1', x: 1, ok: true, s: 'a', deep: '{"a":[1]}', mixed: '1' })
  expect(rows).toContainEqual({ ...none, n: '2', x: 1.5, mixed: 'one', _rescued: '{"bad name":1,"N":"twin"}' })
  expect(rows).toContainEqual({ ...none, _rescued: '{"n":"three","more":[1]}' })
  expect(rows).toContainEqual({ ...none, n: String(2n ** 62n) })
})

test.each([{}, { a: null }])(
  'records after a first batch of %j, which has no column to infer, are rescued whole',
  async (value) => {
    const run = sinkInto(folder, { 'schemaless.records': 'infer' })
    await run.start([P0])
    await run.put([bare(0, value)])
    const bytes = Buffer.from('{"n":1}')
    expect(run.task.scan!('orders', bytes, { schema: null, before: 0, behind: 0 })).toBeUndefined()
    await run.put([bare(1, { n: 1 })])
    await run.flush(true)
    await run.stop()
    expect(await folder.query('orders', 'select * from $files order by _rescued nulls last')).toContainEqual({
      _rescued: '{"n":1}',
    })
  },
)

test('a table that is there is not inferred anew', async () => {
  await written([bare(0, { n: 1 })])
  await written([bare(1, { n: 'text', m: 1 })])
  expect(await folder.query('orders', 'select * from $files order by n nulls last')).toEqual([
    { n: '1', _rescued: null },
    { n: null, _rescued: '{"n":"text","m":1}' },
  ])
})
