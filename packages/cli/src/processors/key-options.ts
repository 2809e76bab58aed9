/** Options that name one key of what a processor reads. */
import type { Options } from '../command-line/declaration.ts'

export const keyOptions = {
  topic: { type: 'text', value: 'TOPIC', documentation: 'With --key: of this topic only its records' },
  key: { type: 'text', value: 'KEY', documentation: 'Only the records with this key, a text; all others go on' },
  'key-base64': { type: 'text', value: 'BASE64', documentation: 'As --key, for a key of bytes' },
} as const satisfies Options

type KeyValues = Partial<Readonly<Record<keyof typeof keyOptions, string | undefined>>>

/** Empty: the whole. The worker says what is missing. */
export function keyQuery({ topic, key, 'key-base64': base64 }: KeyValues): Readonly<Record<string, string>> {
  return {
    ...(topic !== undefined && { topic }),
    ...(key !== undefined && { key }),
    ...(base64 !== undefined && { key_base64: base64 }),
  }
}
