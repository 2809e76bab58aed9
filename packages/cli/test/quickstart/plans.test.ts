import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import birdStrikes from '@sluice/processor-bird-strikes'
import csvRows from '@sluice/processor-csv-rows'
import { planFor } from '../../src/quickstart/plans.ts'

let dir: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-plans-'))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

function csv(name: string, text: string): string {
  const file = path.join(dir, name)
  fs.writeFileSync(file, text)
  return file
}

describe('the run of the bird strikes', () => {
  test('goes through the processor of that name, keyed by airport', async () => {
    const { plan, query } = await planFor(dir, '/in/birdstrikes.csv', undefined)
    expect(plan.dataset).toBe('bird_strikes')
    expect(plan.source['key.field']).toBe('Airport Name')
    expect(birdStrikes.settings.problems(plan.processor.settings)).toEqual([])
    expect(query).toContain('from bird_strikes')
  })
})

describe("the run of somebody's own file", () => {
  test('takes headings, table and key from the file', async () => {
    const { plan, query } = await planFor(dir, csv('My Orders.csv', 'Order No,Prénom,order no\n1,2,3\n'), 'Order No')
    expect(plan.dataset).toBe('my_orders')
    expect(JSON.parse(plan.processor.settings['headings']!)).toEqual(['Order No', 'Prénom', 'order no'])
    expect(csvRows.settings.problems(plan.processor.settings)).toEqual([])
    const schema = JSON.parse(plan.sink['value.converter.schema.content']!) as { fields: { field: string }[] }
    expect(schema.fields.map(({ field }) => field)).toEqual(['order_no', 'prenom', 'order_no_2'])
    expect(query).toContain('count(distinct "order_no")')
  })

  test('refuses a key that is no column, and names those there are', async () => {
    await expect(planFor(dir, csv('a.csv', 'id,name\n1,x\n'), 'ID')).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('no column "ID"'),
      remedy: 'Give --key one of: id, name.',
    })
  })

  test.each([
    ['a file that is not there', () => path.join(dir, 'missing.csv')],
    ['a folder', () => dir],
  ])('refuses %s', async (_, file) => {
    await expect(planFor(dir, file(), 'id')).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      remedy: expect.any(String),
    })
  })

  test('refuses an empty file: it has no column that could be the key', async () => {
    await expect(planFor(dir, csv('empty.csv', ''), 'id')).rejects.toMatchObject({ remedy: expect.any(String) })
  })
})
