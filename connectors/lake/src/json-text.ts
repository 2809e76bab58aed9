import { jsonConverter } from '@sluice/codecs'
import type { Value } from '@sluice/sdk'

const encode = jsonConverter.create({ 'schemas.enable': 'false' }, 'value').encoder('', null)

/** A value without a schema as JSON, as it stands in a column of texts. */
export function jsonText(value: Value): string {
  return Buffer.from(encode(value) ?? []).toString('utf8')
}
