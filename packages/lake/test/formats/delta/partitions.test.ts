import { describe, expect, test } from '@jest/globals'
import { Partitioner } from '../../../src/formats/delta/partitions.ts'
import type { DeltaField } from '../../../src/formats/delta/schema.ts'

const column = (name: string, type: DeltaField['type'], nullable = true): DeltaField => ({
  name,
  type,
  nullable,
  metadata: {},
})

function partOf(type: string, value: unknown): { folder: string; value: string | null } {
  const partitioner = new Partitioner({ fields: [column('p', type)] }, ['p'], 't')
  return { folder: partitioner.folderOf({ p: value }), value: partitioner.valuesOf({ p: value })['p']! }
}

describe('the partition of a row', () => {
  test.each([
    ['string', 'a b', 'p=a b', 'a b'],
    ['string', 'a/b=c:d%e', 'p=a%2Fb%3Dc%3Ad%25e', 'a/b=c:d%e'],
    ['string', '\u0001\u007f', 'p=%01%7F', '\u0001\u007f'],
    ['string', 'Zürich €', 'p=Zürich €', 'Zürich €'],
    ['string', '..', 'p=..', '..'],
    ['string', null, 'p=__HIVE_DEFAULT_PARTITION__', null],
    ['string', '__HIVE_DEFAULT_PARTITION__', 'p=%5F_HIVE_DEFAULT_PARTITION__', '__HIVE_DEFAULT_PARTITION__'],
    ['long', 9_223_372_036_854_775_807n, 'p=9223372036854775807', '9223372036854775807'],
    ['integer', -7, 'p=-7', '-7'],
    ['byte', 127, 'p=127', '127'],
    ['boolean', true, 'p=true', 'true'],
    ['double', 1.5, 'p=1.5', '1.5'],
    ['date', 20_785, 'p=2026-11-28', '2026-11-28'],
    ['date', -1, 'p=1969-12-31', '1969-12-31'],
    ['timestamp', 1_795_860_000_123, 'p=2026-11-28T10%3A00%3A00.123000Z', '2026-11-28T10:00:00.123000Z'],
    ['timestamp', -1, 'p=1969-12-31T23%3A59%3A59.999000Z', '1969-12-31T23:59:59.999000Z'],
    ['decimal(18,2)', '12.5', 'p=12.50', '12.50'],
  ])('%s %p: folder %s, in the log %p', (type, value, folder, text) => {
    expect(partOf(type, value)).toEqual({ folder, value: text })
  })

  test('several columns nest in their order, and other columns say nothing', () => {
    const fields = [column('day', 'date'), column('x', 'long'), column('region', 'string')]
    const partitioner = new Partitioner({ fields }, ['region', 'day'], 't')
    const row = { day: 0, x: 1, region: 'eu' }
    expect(partitioner.folderOf(row)).toBe('region=eu/day=1970-01-01')
    expect(partitioner.valuesOf(row)).toEqual({ region: 'eu', day: '1970-01-01' })
    expect(new Partitioner({ fields }, [], 't').folderOf(row)).toBe('')
  })

  test('equal values of another spelling share a folder; folders of long values stay short and apart', () => {
    const partitioner = new Partitioner({ fields: [column('p', 'decimal(9,2)')] }, ['p'], 't')
    expect(partitioner.folderOf({ p: '1.50' })).toBe(partitioner.folderOf({ p: '1.5' }))
    const [one, other] = ['a', 'b'].map((end) => partOf('string', `${'ä'.repeat(500)}${end}`))
    expect(one!.folder).not.toBe(other!.folder)
    expect(Buffer.byteLength(one!.folder)).toBeLessThanOrEqual(200)
    expect(one!.folder.isWellFormed() && !one!.folder.includes('\ufffd')).toBe(true)
    expect(one!.value).toHaveLength(501)
  })

  test.each([
    ['string', '', 'an empty text'],
    ['string', '\ud800', 'half of a surrogate pair'],
    ['string', 7, 'a string is expected'],
    ['integer', 2 ** 31, 'not between'],
    ['integer', 1.5, 'not a whole number'],
    ['double', Number.NaN, 'NaN'],
    ['double', Infinity, 'Infinity'],
    ['date', 2_932_897, 'year from 0001 to 9999'],
    ['timestamp', 253_402_300_800_000, 'year from 0001 to 9999'],
    ['decimal(4,2)', '100.00', 'digits in front of the point'],
    ['boolean', 'true', 'true or false is expected'],
  ])('%s %p has no text and is refused with the column’s name: %s', (type, value, reason) => {
    expect(() => partOf(type, value)).toThrow(reason)
    expect(() => partOf(type, value)).toThrow(
      expect.objectContaining({ code: 'VALUE_INVALID', place: { column: 'p' } }),
    )
  })

  test('null in a column that must have a value is refused', () => {
    const partitioner = new Partitioner({ fields: [column('p', 'long', false)] }, ['p'], 't')
    expect(() => partitioner.folderOf({})).toThrow('the column is required')
  })

  test.each(['binary', 'variant'])('tables parted by a %s are refused', (type) => {
    expect(() => partOf(type, null)).toThrow(`partitioned by p, which is of type ${type}`)
  })
})
