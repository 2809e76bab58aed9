/** Confluent's GzipDecompress: bytes that were packed by gzip are unpacked. */
import { gunzipSync } from 'node:zlib'
import { DataError, defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin, Value } from '@sluice/sdk'
import { javaClassOf } from '../java-class.ts'
import { CONFLUENT, keyAndValue } from '../record-side.ts'

const settings = defineSettings({})

/** A few packed kilobytes can hold gigabytes, so there is an end. */
const BYTES_MAX = 256 * 1024 * 1024

export const gzipDecompress: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'gzip-decompress',
    className: 'GzipDecompress',
    packages: [CONFLUENT],
    documentation: 'Bytes that were packed by gzip are unpacked, to at most 256 MiB.',
  },
  settings,
  (side) => {
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (!(value instanceof Uint8Array) || (schema !== null && schema.type !== 'bytes'))
        throw new DataError(`Only bytes can be unpacked, found: ${javaClassOf(schema, value)}`, {
          remedy: 'Read the records with ByteArrayConverter.',
        })
      return side.replace(record, schema, unpacked(value))
    }
    return transform
  },
)

function unpacked(bytes: Uint8Array): Value {
  try {
    return gunzipSync(bytes, { maxOutputLength: BYTES_MAX })
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw new DataError(
      isTooLarge ? `The bytes unpack to more than ${BYTES_MAX}` : 'The bytes are not packed by gzip, or not whole',
      { cause: error },
    )
  }
}
