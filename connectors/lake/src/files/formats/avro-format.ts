import { AvroFileWriter } from '@sluice/codecs'
import type { AvroFileOptions } from '@sluice/codecs'
import { DataError } from '@sluice/sdk'
import type { FileFormat } from './file-format.ts'

/** Avro's container files. */
export function avroFormat(options: AvroFileOptions): FileFormat {
  return {
    extension: '.avro',
    hasSchema: true,
    open(schema) {
      if (schema !== null) return new AvroFileWriter(schema, options)
      throw new DataError('The value has no schema, and an Avro file needs one', {
        remedy: 'Use a converter that gives schemas, or format.class=json.',
      })
    },
  }
}
