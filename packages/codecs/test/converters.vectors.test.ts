/** Every converter answers as Kafka Connect 4.3.1 did: the same bytes, the same values and schemas, the same complaints. */
import { afterAll, describe, expect, test } from '@jest/globals'
import { canonical, DataError, SluiceError } from '@sluice/sdk'
import { converterByName, converters } from '@sluice/codecs'
import { canonicalValue, readVectors, schemaOf, valueOf } from './support/connect-vectors.ts'
import type { VectorError, VectorSchema, VectorValue } from './support/connect-vectors.ts'

interface ConverterCase {
  readonly id: string
  readonly direction: 'from_connect' | 'to_connect'
  readonly class: string
  readonly config: Readonly<Record<string, string>>
  readonly schema?: VectorSchema | null
  readonly value?: VectorValue | null
  readonly bytes?: string | null
  readonly error?: VectorError
}

/** What our model of values cannot say, or says in another way on purpose, by rule: whatever case it is that a rule holds for. */
const DIFFERENCES: readonly { readonly reason: string; readonly holdsFor: (each: ConverterCase) => boolean }[] = [
  {
    reason: 'a decimal without a schema is text with us, and is written as text',
    holdsFor: ({ direction, schema, value }) =>
      direction === 'from_connect' && (schema ?? null) === null && JSON.stringify(value).includes('"t":"decimal"'),
  },
  {
    reason: 'a header of the text null is null with us; Java answers with a NullPointerException of its own',
    holdsFor: (each) => isHeaderCase(each) && each.error?.class === 'NullPointerException',
  },
]

const { cases } = readVectors('connect/converters.json') as { readonly cases: readonly ConverterCase[] }
const isHeaderCase = (each: ConverterCase): boolean => each.class.endsWith('SimpleHeaderConverter')
const report: string[] = []

describe('converters answer as Kafka Connect does', () => {
  test.each(converters.map((plugin) => plugin.aliases[0]!))('%s', (className) => {
    const ours = cases.filter((each) => each.class === className)
    const wrong = ours.flatMap((each) => {
      const difference = compare(each)
      return difference === undefined ? [] : [{ each, difference }]
    })
    report.push(`${className}: ${ours.length - wrong.length} of ${ours.length}`)
    const unexplained = wrong.filter(({ each }) => !DIFFERENCES.some(({ holdsFor }) => holdsFor(each)))
    expect(unexplained.map(({ each, difference }) => [each.id, difference])).toEqual([])
  })

  test.each(DIFFERENCES)('but for this: $reason', ({ holdsFor }) => {
    expect(cases.filter((each) => holdsFor(each) && compare(each) !== undefined).length).toBeGreaterThan(0)
  })

  test('each class in the vectors is carried', () => {
    expect(cases.filter((each) => converterByName(each.class) === undefined).map(({ id }) => id)).toEqual([])
  })
})

afterAll(() => {
  process.stdout.write(`${report.join('\n')}\n`)
})

function compare(each: ConverterCase): string | undefined {
  try {
    const difference = each.direction === 'from_connect' ? compareWritten(each) : compareRead(each)
    return each.error === undefined ? difference : `no error, expected: ${each.error.message}`
  } catch (error) {
    return each.error === undefined ? `error: ${String(error)}` : compareError(error, each.error)
  }
}

function compareWritten(each: ConverterCase): string | undefined {
  const schema = schemaOf(each.schema ?? null)
  const converter = converterByName(each.class)!.create(each.config, 'value')
  const bytes = converter.encoder('topic', schema)(valueOf(each.value ?? null, schema))
  const text = bytes === null ? null : Buffer.from(bytes).toString('base64')
  return text === (each.bytes ?? null)
    ? undefined
    : `wrote ${bytes === null ? 'nothing' : Buffer.from(bytes).toString()}`
}

function compareRead(each: ConverterCase): string | undefined {
  const bytes = typeof each.bytes === 'string' ? Buffer.from(each.bytes, 'base64') : null
  const read = converterByName(each.class)!.create(each.config, 'value').decode('topic', bytes)
  // A second time, because what is remembered of the first must not change anything.
  const converter = converterByName(each.class)!.create(each.config, 'value')
  converter.decode('topic', bytes)
  const again = converter.decode('topic', bytes)
  if (canonicalValue(read.value) !== canonicalValue(again.value)) return `read otherwise the second time`
  if (each.error !== undefined) return undefined
  const schema = schemaOf(each.schema ?? null)
  const [was, expected] = [shown(read.schema), shown(schema)]
  if (was !== expected) return `schema ${was}, expected ${expected}`
  const value = canonicalValue(valueOf(each.value ?? null, schema, 'with the scale of the schema'))
  return canonicalValue(read.value) === value ? undefined : `value ${canonicalValue(read.value)}, expected ${value}`
}

function shown(schema: ReturnType<typeof schemaOf>): string {
  return schema === null ? 'none' : canonical(schema)
}

/** Our class for Java's. A mistake in the settings may be found earlier than in Java: when the converter is made. */
function compareError(error: unknown, expected: VectorError): string | undefined {
  const isSettings = error instanceof SluiceError && error.code === 'SETTINGS_INVALID'
  const fits =
    expected.class === 'DataException' || expected.class === 'SchemaBuilderException'
      ? error instanceof DataError
      : isSettings
  if (!fits) return `${String(error)}, expected ${expected.class}`
  const { message } = error as Error
  return message.includes(expected.message.trimEnd()) ? undefined : `message ${message}, expected ${expected.message}`
}
