/** Every transform and predicate answers as Kafka Connect 4.3.1 did: the same records, the same complaints. */
import { afterAll, describe, expect, test } from '@jest/globals'
import { DataError, SluiceError } from '@sluice/sdk'
import type { ConnectRecord } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { canonicalRecord, readSmtVectors, recordOf } from './support/smt-vectors.ts'
import type { ObjectKind, SmtCase } from './support/smt-vectors.ts'

/** What our model of values cannot say, or what we say otherwise on purpose, by rule: whatever case it is that a rule holds for. */
const DIFFERENCES: readonly { readonly reason: string; readonly holdsFor: (each: SmtCase) => boolean }[] = [
  {
    reason: 'two fields that get the same name: the later one wins, and the vectors do not keep the order of entries',
    holdsFor: (each) => /Flatten\$/.test(each.class) && hasNoSchema(each),
  },
  {
    reason: 'a date without a schema is a number, and can be cast, flattened and masked as numbers can',
    holdsFor: (each) => hasNoSchema(each) && /class java\.util\.Date\b/.test(complaint(each)),
  },
  {
    reason: 'a number without a schema has no width: any whole number is Unix time',
    holdsFor: (each) => /does not support class java\.lang\.(?!String)\w+ objects as timestamps/.test(complaint(each)),
  },
  {
    reason: 'what is missing is named, where Java answers with a NullPointerException',
    holdsFor: (each) => each.error?.class === 'NullPointerException',
  },
]

function hasNoSchema({ class: name, input }: SmtCase): boolean {
  return inputs[input]![name.endsWith('$Key') ? 'key_schema' : 'value_schema'] === null
}

function complaint({ error }: SmtCase): string {
  return error?.message ?? ''
}

const { inputs, cases } = readSmtVectors()
const report: string[] = []

describe.each<ObjectKind>(['plain objects', 'Maps'])('with %s for what has no schema', (kind) => {
  const classes = [...transforms, ...predicates].map((plugin) => plugin.aliases[0]!)
  const tested = classes.filter((name) => cases.some((each) => each.class === name))

  test.each(tested)('%s answers as in Kafka Connect', (className) => {
    const ours = cases.filter((each) => each.class === className)
    const wrong = ours.flatMap((each) => {
      const difference = compare(each, kind)
      return difference === undefined ? [] : [{ each, difference }]
    })
    if (kind === 'Maps') report.push(`${className}: ${ours.length - wrong.length} of ${ours.length}`)
    const unexplained = wrong.filter(({ each }) => !DIFFERENCES.some(({ holdsFor }) => holdsFor(each)))
    expect(unexplained.map(({ each, difference }) => [each.id, difference])).toEqual([])
  })

  test.each(DIFFERENCES)('but for this: $reason', ({ holdsFor }) => {
    expect(cases.filter((each) => holdsFor(each) && compare(each, kind) !== undefined).length).toBeGreaterThan(0)
  })
})

test('each class in the vectors is carried', () => {
  const carried = new Set([...transforms, ...predicates].flatMap(({ aliases }) => aliases))
  const missing = cases.filter((each) => !carried.has(each.class))
  for (const [name, of] of Map.groupBy(missing, (each) => each.class))
    report.push(`${name}: NOT CARRIED, ${of.length} cases`)
  expect(missing.map(({ id }) => id)).toEqual([])
})

test('a record that no transform changes is handed on itself', () => {
  const unchanged = cases.filter(({ input, output }) => {
    const record = inputs[input]!
    return output !== undefined && output !== null && JSON.stringify(output) === JSON.stringify(record)
  })
  expect(unchanged.length).toBeGreaterThan(10)
  const copied = unchanged.filter((each) => {
    const plugin = transforms.find(({ aliases }) => aliases.includes(each.class))
    const record = recordOf(inputs[each.input]!, 'plain objects')
    return plugin !== undefined && plugin.create(each.config)(record) !== record
  })
  expect(copied.map(({ id }) => id)).toEqual([])
})

afterAll(() => {
  process.stdout.write(`${report.join('\n')}\n`)
})

function compare(each: SmtCase, kind: ObjectKind): string | undefined {
  try {
    const record = recordOf(inputs[each.input]!, kind)
    const before = canonicalRecord(record)
    const difference = compareAnswer(each, record, kind)
    if (canonicalRecord(record) !== before) return 'the input was changed'
    return each.error === undefined ? difference : `no error, expected: ${each.error.message}`
  } catch (error) {
    return each.error === undefined ? `error: ${String(error)}` : compareError(error, each.error)
  }
}

function compareAnswer(each: SmtCase, record: ConnectRecord, kind: ObjectKind): string | undefined {
  const predicate = predicates.find(({ aliases }) => aliases.includes(each.class))
  if (predicate !== undefined) {
    const answer = predicate.create(each.config)(record)
    return answer === each.test ? undefined : `answered ${answer}`
  }
  const plugin = transforms.find(({ aliases }) => aliases.includes(each.class))!
  const transform = plugin.create(each.config)
  const first = transform(record)
  // A second time, because what is remembered of a schema must not change anything; and because batches are retried.
  const again = transform(record)
  const text = first === null ? 'dropped' : canonicalRecord(first)
  if (text !== (again === null ? 'dropped' : canonicalRecord(again))) return 'answered otherwise the second time'
  if (each.error !== undefined) return undefined
  const expected =
    each.output === null || each.output === undefined ? 'dropped' : canonicalRecord(recordOf(each.output, kind))
  return text === expected ? undefined : `gave\n${text}\nexpected\n${expected}`
}

/** Our class for Java's. A mistake in the settings may be found earlier than in Java: when the transform is made. */
function compareError(error: unknown, expected: NonNullable<SmtCase['error']>): string | undefined {
  if (!(error instanceof SluiceError)) return `${String(error)}, expected ${expected.class}`
  const fits = error.code === 'SETTINGS_INVALID' || (expected.phase !== 'configure' && error instanceof DataError)
  if (!fits) return `${String(error)}, expected ${expected.class}`
  return saying(error.message).includes(saying(expected.message))
    ? undefined
    : `message ${error.message}, expected ${expected.message}`
}

/** What a message says: an object's identity and contents are of no use to anybody, and numbers without a schema have no width. */
function saying(message: string): string {
  return message
    .replace(/: (?:\S+@[0-9a-f]+|(?:Sink|Source)Record\{[^]*|Struct\{[^]*)$/, '')
    .replaceAll(/java\.lang\.(?:Byte|Short|Integer)\b/g, 'java.lang.Long')
    .replaceAll('java.lang.Float', 'java.lang.Double')
    .trimEnd()
}
