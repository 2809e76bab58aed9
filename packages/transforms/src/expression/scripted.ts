/** What Debezium's transforms with a script have in common. */
import { oneOf, SluiceError } from '@sluice/sdk'
import type { ConnectRecord, RawSettings, Transform } from '@sluice/sdk'
import { javaRegex, validRegex } from '../java-regex.ts'

/** The settings of all of them. */
export const scripted = {
  language: {
    type: 'string',
    default: 'jsr223.groovy',
    importance: 'high',
    documentation:
      'jsr223.groovy or jsr223.graal.js. There is no script engine: what these two write alike for one expression is understood.',
  },
  'null.handling.mode': {
    type: 'string',
    default: 'keep',
    validator: oneOf('keep', 'drop', 'evaluate'),
    importance: 'medium',
    documentation:
      'What becomes of records whose value is null: they stay as they are, are dropped, or asked about like others.',
  },
  'topic.regex': {
    type: 'string',
    default: '',
    validator: validRegex,
    importance: 'medium',
    documentation:
      'A Java regular expression for the topics that are asked about; records of others stay as they are. Empty: all.',
  },
} as const

export interface ScriptedSettings {
  readonly language: string
  readonly 'null.handling.mode': string
  readonly 'topic.regex': string
}

/** Asks about those records that are to be asked about. */
export function asked(raw: RawSettings, parsed: ScriptedSettings, ask: Transform): Transform {
  if (!parsed.language.startsWith('jsr223.'))
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Invalid value ${raw['language']} for configuration language: not jsr223.…`,
      {
        remedy: 'Set language to jsr223.groovy or jsr223.graal.js.',
      },
    )
  const regex = parsed['topic.regex'] === '' ? null : javaRegex(parsed['topic.regex'])
  const nulls = parsed['null.handling.mode']
  return <R extends ConnectRecord>(record: R): R | null => {
    if (regex !== null && !regex.whole.test(record.topic)) return record
    if (record.value === null && nulls !== 'evaluate') return nulls === 'keep' ? record : null
    return ask(record)
  }
}
