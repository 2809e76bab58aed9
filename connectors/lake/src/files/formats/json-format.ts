import { jsonConverter } from '@sluice/codecs'
import type { FileFormat } from './file-format.ts'
import { LineFile } from './line-file.ts'

const LINE_FEED = Buffer.from('\n')
const NULL = Buffer.from('null')

export interface JsonFormatOptions {
  /** `json.decimal.format` */
  readonly decimals: 'BASE64' | 'NUMERIC'
  readonly gzipLevel: number | undefined
}

/** A JSON text per line, as JsonConverter writes it without its envelope. */
export function jsonFormat({ decimals, gzipLevel }: JsonFormatOptions): FileFormat {
  const converter = jsonConverter.create({ 'schemas.enable': 'false', 'decimal.format': decimals }, 'value')
  return {
    extension: gzipLevel === undefined ? '.json' : '.json.gz',
    hasSchema: false,
    open(schema) {
      const encode = converter.encoder('', schema)
      return new LineFile((value) => encode(value) ?? NULL, LINE_FEED, gzipLevel)
    },
  }
}
