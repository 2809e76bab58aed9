import { describe, expect, test } from '@jest/globals'
import { consoleSink } from '@sluice/connector-console'
import { array, date, decimal, map, primitive, struct, timestamp, type Schema, type Value } from '@sluice/sdk'
import { printed } from './printing.ts'

const ROW = struct({ id: primitive('int32'), name: primitive('string'), at: timestamp({ optional: true }) })
const HOSTILE = 'a\nb\r\u001b[2J\u009b\u2028\u202e\u0007'

describe('text', () => {
  test('has coordinates, key and value on a line', async () => {
    expect(await printed({}, { key: 'k', value: 'v' }, { key: null, value: null })).toEqual([
      't-0@0 k v',
      't-0@1 null null',
    ])
  })

  test('is what the template says', async () => {
    const settings = { template: '{timestamp} {partition}/{offset} [{key}]={value} {headers} {topic}' }
    const headers = [
      { key: 'a', schema: null, value: 'x' },
      { key: 'a', schema: null, value: 1 },
    ]
    expect(await printed(settings, { key: 'k{value}', value: '{key}$&', headers, timestamp: 0 })).toEqual([
      '1970-01-01T00:00:00.000Z 0/0 [k{value}]={key}$& {"a":"x","a":1} t',
    ])
  })

  test('a template with what no record has is refused', () => {
    expect(consoleSink.settings.problems({ template: '{key} {colour}' })).toMatchObject([{ setting: 'template' }])
    expect(consoleSink.settings.problems({ template: '' })).toMatchObject([{ setting: 'template' }])
  })

  test('is one line without control characters, whatever is in a record', async () => {
    const lines = await printed({}, { key: HOSTILE, value: HOSTILE })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toBe(
      String.raw`t-0@0 a\nb\r\u001b[2J\u009b\u2028\u202e\u0007 a\nb\r\u001b[2J\u009b\u2028\u202e\u0007`,
    )
  })

  test.each<readonly [Value, Schema | null, string]>([
    [{ id: 1, name: 'x', at: 0 }, ROW, '{"id":1,"name":"x","at":0}'],
    [{ a: [1, null], b: { c: true } }, null, '{"a":[1,null],"b":{"c":true}}'],
    ['12.50', decimal(2), '12.50'],
    [1, date(), '1'],
    [new Map([['a', 1]]), map(primitive('string'), primitive('int32')), '{"a":1}'],
    [[1n << 60n], array(primitive('int64')), '[1152921504606846976]'],
    [Buffer.from('grün'), primitive('bytes'), 'grün'],
    [Buffer.from([255, 0]), null, '/wA='],
    [Number.NaN, primitive('float64'), 'NaN'],
  ])('%p is printed as people read it', async (value, valueSchema, expected) => {
    const [line] = await printed({ template: '{value}' }, { value, valueSchema })
    expect(line!.replaceAll('"', '')).toBe(expected.replaceAll('"', ''))
  })

  test('that is too long is cut, and says how long it was', async () => {
    const [line] = await printed({ template: '{value}', 'line.chars.max': '100' }, { value: 'x'.repeat(5000) })
    expect(line).toHaveLength(100)
    expect(line).toMatch(/^x+… \(5000 characters\)$/)
  })
})

describe('json', () => {
  test('has what is asked for', async () => {
    const record = { key: 'k', value: { a: 1 }, timestamp: 5, headers: [{ key: 'h', schema: null, value: 'x' }] }
    expect(await printed({ format: 'json' }, record)).toEqual([
      '{"topic":"t","partition":0,"offset":0,"key":"k","value":{"a":1}}',
    ])
    const all = { format: 'json', 'print.timestamp': 'true', 'print.headers': 'true', 'print.coordinates': 'false' }
    expect(await printed(all, record)).toEqual(['{"timestamp":5,"key":"k","headers":{"h":"x"},"value":{"a":1}}'])
    const least = { format: 'json', 'print.coordinates': 'false', 'print.key': 'false' }
    expect(await printed(least, record)).toEqual(['{"value":{"a":1}}'])
  })

  test('stays JSON on one line, however long and hostile a record is', async () => {
    const values = [
      HOSTILE,
      '"'.repeat(9000),
      '\u2028'.repeat(9000),
      { deep: ['\\'.repeat(9000)] },
      Number.NaN,
      Buffer.alloc(9000),
    ]
    const records = values.map((value) => ({ key: value, value, headers: [{ key: 'h', schema: null, value }] }))
    const lines = await printed({ format: 'json', 'line.chars.max': '400', 'print.headers': 'true' }, ...records)
    expect(lines).toHaveLength(values.length)
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(400)
      expect(line).not.toMatch(/[\u007f-\u009f\u2028\u202e]/)
      expect(JSON.parse(line)).toHaveProperty('value')
    }
    expect(JSON.parse(lines[0]!)).toMatchObject({ key: HOSTILE, value: HOSTILE })
  })
})

describe('table', () => {
  test('has a column for each field, as wide as what is in it', async () => {
    const rows = [
      { key: 'a', valueSchema: ROW, value: { id: 1, name: 'one', at: null } },
      { key: 'b', valueSchema: ROW, value: { id: 1000, name: 'a thousand', at: 7 } },
    ]
    expect(await printed({ format: 'table' }, ...rows)).toEqual([
      'record  key  id    name        at',
      '------  ---  ----  ----------  ----',
      't-0@0   a    1     one         null',
      't-0@1   b    1000  a thousand  7',
    ])
  })

  test('begins anew where records have other fields, and tells its heading again now and then', async () => {
    const plain = { format: 'table', 'print.coordinates': 'false', 'print.key': 'false' }
    expect(await printed(plain, { value: { a: 1 } }, { value: { b: 2 } }, { value: 'text' })).toEqual([
      'a',
      '-',
      '1',
      'b',
      '-',
      '2',
      'value',
      '-----',
      'text',
    ])
    const many = Array.from({ length: 120 }, (_, a) => ({ value: { a } }))
    expect((await printed(plain, ...many)).filter((line) => line === 'a')).toHaveLength(3)
  })

  test('stays a table, whatever is in a cell', async () => {
    const lines = await printed(
      { format: 'table', 'line.chars.max': '200' },
      { value: { [HOSTILE]: HOSTILE.repeat(99) } },
    )
    expect(lines).toHaveLength(3)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(200)
  })
})
