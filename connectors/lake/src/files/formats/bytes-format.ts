import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import type { FileFormat } from './file-format.ts'
import { LineFile } from './line-file.ts'

export interface BytesFormatOptions {
  /** With its dot. */
  readonly extension: string
  /** What stands behind each record. */
  readonly separator: string
  readonly gzipLevel: number | undefined
}

/** Values as the bytes they are. */
export function bytesFormat({ extension, separator, gzipLevel }: BytesFormatOptions): FileFormat {
  return {
    extension: gzipLevel === undefined ? extension : `${extension}.gz`,
    hasSchema: false,
    open: () => new LineFile(bytesOf, Buffer.from(separator), gzipLevel),
  }
}

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new DataError('A file of raw bytes takes bytes alone', {
    remedy: 'Set value.converter=org.apache.kafka.connect.converters.ByteArrayConverter.',
  })
}
