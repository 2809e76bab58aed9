/**
 * The page indexes of a column chunk (parquet-format's PageIndex.md): where each page is and which rows it has, and its bounds,
 * so that a reader who looks for few rows fetches few pages. They stand between the row groups and the footer.
 */
import { compareBounds, type Bounds } from './bounds.ts'
import type { LeafColumn } from './column.ts'
import type { WrittenChunk } from './footer.ts'
import { footerBound, type FooterBound } from './statistics.ts'
import type { ThriftWriter } from './thrift.ts'

/** parquet.thrift's BoundaryOrder. */
const UNORDERED = 0
const ASCENDING = 1
const DESCENDING = 2

/** Where the pages are: parquet.thrift's OffsetIndex. */
export function offsetIndex(thrift: ThriftWriter, chunk: WrittenChunk): Uint8Array {
  thrift.list(1, 'struct', chunk.pages.length)
  let offset = chunk.offset + chunk.dictionaryBytes
  let firstRow = 0
  for (const { bytes, rows } of chunk.pages) {
    thrift.structElement()
    thrift.i64(1, offset)
    thrift.i32(2, bytes)
    thrift.i64(3, firstRow)
    thrift.end()
    offset += bytes
    firstRow += rows
  }
  return thrift.finish()
}

/**
 * What is in the pages: parquet.thrift's ColumnIndex. Undefined where a page has values but no bounds (a NaN, or a text that
 * nothing of bearable length bounds): the index has no word for that.
 */
export function columnIndex(thrift: ThriftWriter, column: LeafColumn, { pages }: WrittenChunk): Uint8Array | undefined {
  const mins: (FooterBound | undefined)[] = []
  const maxs: (FooterBound | undefined)[] = []
  for (const { bounds, entries, nulls } of pages) {
    const min = bounds.min === undefined ? undefined : footerBound(column.type, bounds.min, 'min')
    const max = bounds.max === undefined ? undefined : footerBound(column.type, bounds.max, 'max')
    if (entries > nulls && (min === undefined || max === undefined)) return undefined
    mins.push(min)
    maxs.push(max)
  }
  thrift.list(1, 'boolean', pages.length)
  for (const { entries, nulls } of pages) thrift.booleanElement(entries === nulls)
  for (const [id, bounds] of [mins, maxs].entries()) {
    thrift.list(2 + id, 'binary', pages.length)
    for (const bound of bounds) thrift.binaryElement(bound?.bytes ?? '')
  }
  thrift.i32(
    4,
    orderOf(
      pages.map(({ bounds }) => bounds),
      column.type.kind === 'decimal',
    ),
  )
  thrift.list(5, 'i64', pages.length)
  for (const { nulls } of pages) thrift.i64Element(nulls)
  return thrift.finish()
}

/** Whether both bounds only grow, or only fall, from page to page; pages without values do not count. */
function orderOf(pages: readonly Bounds[], signed: boolean): number {
  let ascending = true
  let descending = true
  let before: Bounds | undefined
  for (const page of pages) {
    if (page.min === undefined || page.max === undefined) continue
    if (before?.min !== undefined && before.max !== undefined) {
      const [min, max] = [compareBounds(before.min, page.min, signed), compareBounds(before.max, page.max, signed)]
      ascending &&= min <= 0 && max <= 0
      descending &&= min >= 0 && max >= 0
    }
    before = page
  }
  return ascending ? ASCENDING : descending ? DESCENDING : UNORDERED
}
