/** Every transform and predicate answers as Kafka Connect 4.3.1 did: the same records, the same complaints. */
import { afterAll, describe, expect, test } from '@jest/globals'
import { DataError, SluiceError } from '@sluice/sdk'
import type { ConnectRecord } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { canonicalRecord, readSmtVectors, recordOf } from './support/smt-vectors.ts'
import type { ObjectKind, SmtCase } from './support/smt-vectors.ts'

/** What our model of values cannot say, or what we say otherwise on purpose; each with the reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'smt-151': 'two fields get the same name, the later one wins, and the vectors do not keep the order of entries',
  'smt-170': 'a date without a schema is a number with us, and numbers can be cast',
  'smt-172': 'a date without a schema is a number with us, and numbers can be cast',
  'smt-255': 'a number without a schema has no width with us: any whole number is Unix time',
  'smt-277': 'a map of values without a common type has no schema with us, because schemas have no empty places',
  'smt-296': 'a field that does not exist is named; Java answers with its NullPointerException',
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
      return difference === undefined ? [] : [[each.id, difference] as const]
    })
    if (kind === 'Maps') report.push(`${className}: ${ours.length - wrong.length} of ${ours.length}`)
    expect(wrong.filter(([id]) => !(id in DIFFERENCES))).toEqual([])
    expect(wrong.map(([id]) => id)).toEqual(ours.filter(({ id }) => id in DIFFERENCES).map(({ id }) => id))
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
  // An object's identity is of no use to anybody.
  const wanted = expected.message.replace(/: \S+@[0-9a-f]+$/, '').trimEnd()
  return error.message.includes(wanted) ? undefined : `message ${error.message}, expected ${wanted}`
}
