/** Our converters beside Kafka Connect's own, on values made at random (seeded): the same bytes, and each reads the other's. */
import { describe, expect, test } from '@jest/globals'
import { canonical } from '@sluice/sdk'
import type { Schema, SchemaAndValue } from '@sluice/sdk'
import { converterByName } from '@sluice/codecs'
import { canonicalValue, schemaOf, valueOf } from '../support/connect-vectors.ts'
import { askJava, hasJava } from './connect-peer.ts'
import type { PeerCase } from './connect-peer.ts'
import { RandomCases } from './random-cases.ts'

if (!hasJava)
  process.stderr.write('Java or Maven is missing: converters are not compared with those of Kafka Connect\n')

const JSON_CLASS = 'org.apache.kafka.connect.json.JsonConverter'
const HEADER_CLASS = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'
const JSON_SETTINGS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'schemas.enable': 'false' },
  { 'decimal.format': 'NUMERIC' },
  { 'replace.null.with.default': 'false' },
]
const VALUES = 6000
const TEXTS = 4000
const WITHIN_MS = 150_000

;(hasJava ? describe : describe.skip)('beside Java (needs java)', () => {
  test.each([
    ['JsonConverter', JSON_CLASS, JSON_SETTINGS],
    ['SimpleHeaderConverter', HEADER_CLASS, [{}]],
  ] as const)(
    `%s: ${VALUES} values are written alike`,
    (_, className, configs) => {
      const random = new RandomCases(11)
      const questions = Array.from({ length: VALUES }, (): PeerCase => {
        const schema = random.schema()
        const config = random.pick<Readonly<Record<string, string>>>(configs)
        return { class: className, config, direction: 'from_connect', schema, value: random.value(schema) }
      })
      const different = askJava(questions).flatMap((answer) => {
        const ours = written(answer)
        const theirs = answer.error === undefined ? (answer.bytes ?? null) : answer.error
        return ours === theirs ? [] : [{ ours: text(ours), theirs: typeof theirs === 'string' ? text(theirs) : theirs }]
      })
      expect(different).toEqual([])
    },
    WITHIN_MS,
  )

  test(
    `JsonConverter: Java reads the schemas and values that we wrote, and so do we, ${VALUES} times`,
    () => {
      const random = new RandomCases(12)
      const cases = Array.from({ length: VALUES }, () => {
        const schema = random.schema()
        const config = random.pick([JSON_SETTINGS[0]!, JSON_SETTINGS[2]!])
        const given: PeerCase = {
          class: JSON_CLASS,
          config,
          direction: 'from_connect',
          schema,
          value: random.value(schema),
        }
        return { given, bytes: written(given) }
      })
      const answers = askJava(
        cases.map(({ given, bytes }) => ({ class: JSON_CLASS, config: given.config, direction: 'to_connect', bytes })),
      )
      const different = answers.flatMap((answer, i) => {
        const [ours, theirs] = [read(answer), meant(answer)]
        return ours === theirs ? [] : [{ bytes: text(cases[i]!.bytes), ours, theirs }]
      })
      expect(different).toEqual([])
    },
    WITHIN_MS,
  )

  test(
    `SimpleHeaderConverter: ${TEXTS} texts are read alike`,
    () => {
      const random = new RandomCases(13)
      const texts = Array.from({ length: TEXTS }, () => random.headerText())
      const answers = askJava(
        texts.map((each) => ({
          class: HEADER_CLASS,
          config: {},
          direction: 'to_connect',
          bytes: Buffer.from(each).toString('base64'),
        })),
      )
      const different = answers.flatMap((answer, i) => {
        if (isOtherwise(answer, texts[i]!)) return []
        const [ours, theirs] = [read(answer), meant(answer)]
        return ours === theirs ? [] : [{ text: texts[i], ours, theirs }]
      })
      expect(different).toEqual([])
    },
    WITHIN_MS,
  )
})

/**
 * Of the text null Java makes a NullPointerException, of a blank before what cannot be read it keeps the blank alone, and before
 * 1582 its calendar is Julian.
 */
function isOtherwise({ error }: PeerCase, given: string): boolean {
  return (
    error?.class === 'NullPointerException' || /^\s+[[{]/.test(given) || /(?<!\d)(?:\d{1,3}|[01]\d{3})-/.test(given)
  )
}

function written(given: PeerCase): string | null {
  const schema = schemaOf(given.schema ?? null)
  const bytes = converterByName(given.class)!.create(given.config, 'value').encoder('topic', schema)(
    valueOf(given.value ?? null, schema),
  )
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}

function read(answer: PeerCase): string {
  const bytes = typeof answer.bytes === 'string' ? Buffer.from(answer.bytes, 'base64') : null
  return shown(converterByName(answer.class)!.create(answer.config, 'value').decode('topic', bytes))
}

function meant(answer: PeerCase): string {
  if (answer.error !== undefined) return answer.error.message
  const schema = schemaOf(answer.schema ?? null)
  return shown({ schema, value: valueOf(answer.value ?? null, schema) })
}

function shown({ schema, value }: SchemaAndValue): string {
  return `${schemaText(schema)} ${canonicalValue(value)}`
}

function schemaText(schema: Schema | null): string {
  return schema === null ? 'none' : canonical(schema)
}

function text(bytes: string | null): string | null {
  return bytes === null ? null : Buffer.from(bytes, 'base64').toString()
}
