import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { LeafType, ParquetElement } from '../../src/parquet/index.ts'
import { columnsOf, rowsOf } from './drawn-columns.ts'
import { canonical, unscaled, write, type Canonical, type Row } from './read-back.ts'

/** The values of a file's column, null for each absence: taken out of the rows by the definition of the format alone. */
interface Leaf {
  readonly path: string
  readonly type: LeafType
  readonly entries: unknown[]
}

function leavesOf(element: ParquetElement, path: string, values: readonly unknown[]): Leaf[] {
  const { type } = element
  if (type.kind === 'struct') {
    return type.fields.flatMap((field) =>
      leavesOf(
        field,
        `${path}.${field.name}`,
        values.map((value) => (value as Row | null | undefined)?.[field.name] ?? null),
      ),
    )
  }
  /** A list that is null or empty is one entry, an absence. */
  const spread = (itemsOf: (value: object) => unknown[]): unknown[] =>
    values.flatMap((value) => {
      const items = value === null || value === undefined ? [] : itemsOf(value)
      return items.length === 0 ? [null] : items
    })
  if (type.kind === 'list')
    return leavesOf(
      type.element,
      `${path}.list.element`,
      spread((value) => value as unknown[]),
    )
  if (type.kind === 'map') {
    const part = (of: 0 | 1): unknown[] =>
      spread((value) => [...(value as Map<unknown, unknown>)].map((pair) => pair[of]))
    return [
      ...leavesOf(type.key, `${path}.key_value.key`, part(0)),
      ...leavesOf(type.value, `${path}.key_value.value`, part(1)),
    ]
  }
  return [{ path, type, entries: [...values] }]
}

/** Below 0 where `left` comes first. */
function order(type: LeafType, left: unknown, right: unknown): number {
  if (type.kind === 'string' || type.kind === 'binary') {
    return Buffer.compare(Buffer.from(left as string), Buffer.from(right as string))
  }
  const number = (value: unknown): number | bigint | boolean =>
    type.kind === 'decimal' ? unscaled(value as string, type.scale) : (value as number)
  const [a, b] = [number(left), number(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

/** A bound as text; both zeros are one. */
function said(type: LeafType, value: unknown): Canonical {
  const text = canonical({ type, optional: true }, value)
  return text === '-0' ? '0' : text
}

describe('statistics of any schema', () => {
  test('are those of the values: bounds, and absences counted', () => {
    fc.assert(
      fc.property(columnsOf(3), fc.nat(120), fc.constantFrom(5, 20_000), (drawn, count, pageRowsMax) => {
        const rows = rowsOf(drawn, count)
        const { file } = write(
          drawn.map(({ column }) => column),
          rows,
          { pageRowsMax, rowGroupRowsMax: 50, codec: 'none' },
        )
        const wanted = drawn.flatMap(({ column }) =>
          leavesOf(
            column,
            column.name,
            rows.map((row) => row[column.name]),
          ),
        )
        expect(file.columns.map(({ path }) => path.join('.'))).toEqual(wanted.map(({ path }) => path))
        for (const [i, { type, entries }] of wanted.entries()) {
          const { nullCount, min, max } = file.columns[i]!
          const rounded = entries.map((value) =>
            type.kind === 'float' && value !== null ? Math.fround(value as number) : value,
          )
          const values = rounded.filter((value) => value !== null && value !== undefined)
          expect(nullCount).toBe(entries.length - values.length)
          if (values.length === 0 || values.some((value) => Number.isNaN(value))) {
            expect([min, max]).toEqual([undefined, undefined])
            continue
          }
          const sorted = values.toSorted((a, b) => order(type, a, b))
          const shown: LeafType = type.kind === 'timestamp' ? { ...type, unit: 'us' } : type
          expect([said(shown, min), said(shown, max)]).toEqual([said(type, sorted[0]), said(type, sorted.at(-1))])
        }
      }),
      { numRuns: 150 },
    )
  })

  test.each([['ba'], ['ab'], ['bca'], ['acb']])('are exact for texts of a dictionary in the order %s', (letters) => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ c: letters[i % letters.length] }))
    const { file } = write([{ name: 'c', type: { kind: 'string' }, optional: false }], rows)
    expect(file.columns[0]).toMatchObject({ min: 'a', max: letters.length === 2 ? 'b' : 'c' })
  })
})
