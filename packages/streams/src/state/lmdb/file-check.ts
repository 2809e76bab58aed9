/**
 * Whether a file of LMDB has all its pages. LMDB maps the file into memory: it does not notice a file that was cut short, and whoever
 * reads what is missing is killed by the system.
 */

import fs from 'node:fs'
import { torn } from './lmdb-errors.ts'

const MAGIC = 0xbeef_c0de
/** Of the format of the file, as `lmdb` writes it. */
const FORMAT = 2
const PAGE_BYTES = 4096
const META_BYTES = 160
/** Places in a page with metadata. */
const MAGIC_AT = 24
const FORMAT_AT = 28
const PAGE_SIZE_AT = 48
const LAST_PAGE_AT = 144
const TRANSACTION_AT = 152

/** @throws SluiceError STATE_TORN */
export function checkWhole(directory: string, file: string): void {
  const handle = fs.openSync(file, 'r')
  try {
    const { size } = fs.fstatSync(handle)
    const metas = [0, PAGE_BYTES].map((at) => metaAt(handle, at)).filter((meta) => meta !== null)
    const latest = metas.toSorted((a, b) => Number(b.transaction - a.transaction))[0]
    if (latest === undefined) throw torn(directory, 'its file does not begin as one of LMDB does')
    const needed = (Number(latest.lastPage) + 1) * latest.pageBytes
    if (size < needed) throw torn(directory, `its file has ${size} bytes of ${needed}`)
  } finally {
    fs.closeSync(handle)
  }
}

function metaAt(handle: number, at: number): { transaction: bigint; lastPage: bigint; pageBytes: number } | null {
  const meta = Buffer.alloc(META_BYTES)
  if (fs.readSync(handle, meta, 0, META_BYTES, at) < META_BYTES) return null
  if (meta.readUInt32LE(MAGIC_AT) !== MAGIC || meta.readUInt32LE(FORMAT_AT) !== FORMAT) return null
  return {
    transaction: meta.readBigUInt64LE(TRANSACTION_AT),
    lastPage: meta.readBigUInt64LE(LAST_PAGE_AT),
    pageBytes: meta.readUInt32LE(PAGE_SIZE_AT),
  }
}
