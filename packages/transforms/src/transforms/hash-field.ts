/** Texts become their hash: equal ones can still be joined and counted, but not read. */
import { createHash, createHmac, getHashes } from 'node:crypto'
import { defineSettings, validatedBy } from '@sluice/sdk'
import type { TransformPlugin } from '@sluice/sdk'
import { textFields, textMask } from '../mask-side.ts'

const settings = defineSettings({
  fields: textFields('hash'),
  algorithm: {
    type: 'string',
    default: 'SHA-256',
    validator: validatedBy('a hash algorithm, such as SHA-256', (name) =>
      getHashes().includes(nodeName(String(name))) ? undefined : 'Unknown hash algorithm',
    ),
    importance: 'medium',
    documentation: 'The hash algorithm, in Java’s spelling or OpenSSL’s.',
  },
  salt: {
    type: 'password',
    default: null,
    importance: 'medium',
    documentation:
      'A secret without which nobody can find the text of a hash by trying (the key of an HMAC). Names and numbers need one.',
  },
  length: {
    type: 'int',
    default: null,
    validator: validatedBy('at least 8', (length) =>
      length !== null && Number(length) < 8 ? 'Value must be at least 8' : undefined,
    ),
    importance: 'low',
    documentation: 'How many hexadecimal digits are kept. Default: all.',
  },
})

export const hashField: readonly TransformPlugin[] = textMask(
  'hash-field',
  'Texts become their hash: equal ones can still be joined and counted, but not read.',
  settings,
  (raw) => {
    const { fields, algorithm, salt, length } = settings.parse(raw)
    const name = nodeName(algorithm)
    const key = salt === null ? null : salt.value()
    return {
      fields,
      mask(text) {
        const hash = key === null ? createHash(name) : createHmac(name, key)
        const digits = hash.update(text, 'utf8').digest('hex')
        return length === null ? digits : digits.slice(0, length)
      },
    }
  },
)

function nodeName(algorithm: string): string {
  return algorithm.toLowerCase().replace(/^sha-/, 'sha')
}
