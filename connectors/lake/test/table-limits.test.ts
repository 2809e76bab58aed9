import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { array, map, primitive, struct } from '@sluice/sdk'
import type { StructSchema } from '@sluice/sdk'
import { deltaSchemaOf } from '@sluice/lake'
import { checkColumns } from '../src/table-limits.ts'
import { LakeFolder } from './lake-folder.ts'
import { P0, countOf, order, orders, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const text = primitive('string', { optional: true })
const wide = (from: number, to: number): StructSchema =>
  struct(Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [`c${from + i}`, text])))

describe('columns', () => {
  test('are counted as the files have them, those of table and rows together', () => {
    const nested = struct({
      a: text,
      b: struct({ c: text, d: array(struct({ e: text, f: text })) }),
      g: map(text, text),
    })
    expect(checkColumns(nested, undefined, 6)).toBe(6)
    expect(checkColumns(struct({ A: text, z: text }), deltaSchemaOf(nested), 7)).toBe(7)
    expect(() => checkColumns(struct({ z: text }), deltaSchemaOf(nested), 6)).toThrow('7 columns')
  })

  test('more than table.columns.max make bad records, whether the table is made or grows; the others go on', async () => {
    const run = sinkInto(folder, { 'table.columns.max': '3' })
    await run.start([P0])
    await run.put([order(0, 0, {}, wide(1, 4)), order(0, 1, {}, wide(1, 3)), order(0, 2, {}, wide(3, 4))])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 3 }])
    await run.stop()
    expect(run.context.reported).toMatchObject(
      [0, 2].map((offset) => ({
        record: { offset },
        error: { code: 'TABLE_SCHEMA', remedy: expect.stringContaining('table.columns.max') },
      })),
    )
    expect(await countOf(folder)).toBe(1)
  })

  test('of a table that has more already are no reason to refuse what adds none', () => {
    const table = deltaSchemaOf(wide(1, 5))
    expect(checkColumns(wide(1, 4), table, 3)).toBe(5)
    expect(() => checkColumns(wide(5, 6), table, 3)).toThrow('6 columns')
  })

  test('of a thousand and more are worth a warning, once', async () => {
    const run = sinkInto(folder)
    await run.start([P0])
    const [one, two] = [wide(1, 1001), wide(1, 1002)]
    await run.put([order(0, 0, {}, one), order(0, 1, {}, two)])
    await run.put([order(0, 2, {}, one)])
    await run.flush(true)
    await run.stop()
    const said = run.context.logger.lines.filter(({ level }) => level === 'warn')
    expect(said).toMatchObject([{ fields: { columns: 1001 } }])
  })
})

describe('partitions of one commit', () => {
  const PARTED = { 'partition.by': 'note', 'partitions.per.commit.max': '3' }
  const rows = (notes: readonly string[], from = 0) =>
    notes.map((note, i) => order(0, from + i, { id: i, note }, orders))

  test('as many as are allowed, in each commit anew', async () => {
    const run = sinkInto(folder, PARTED)
    await run.start([P0])
    await run.put(rows(['a', 'b', 'a', 'c', 'b']))
    await run.flush(true)
    await run.put(rows(['d', 'e', 'f'], 5))
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 8 }])
    await run.stop()
    expect(await countOf(folder)).toBe(8)
  })

  test('more than that stop the task; nothing of them is committed, and a higher limit takes them all', async () => {
    const run = sinkInto(folder, PARTED)
    await run.start([P0])
    await run.put(rows(['a', 'b']))
    await run.flush(true)
    await run.put(rows(['a', 'b', 'c'], 2))
    await expect(run.put(rows(['a', 'd'], 5))).rejects.toMatchObject({
      code: 'TABLE_LIMIT',
      retriable: false,
      remedy: expect.stringContaining('partitions.per.commit.max'),
    })
    await run.stop()
    const again = sinkInto(folder, { ...PARTED, 'partitions.per.commit.max': '4' })
    await again.start([{ ...P0, offset: 2 }])
    await again.put(rows(['a', 'b', 'c', 'a', 'd'], 2))
    expect(await again.flush(true)).toEqual([{ ...P0, offset: 7 }])
    await again.stop()
    expect(await countOf(folder)).toBe(7)
  })
})
