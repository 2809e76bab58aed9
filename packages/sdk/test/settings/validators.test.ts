import { describe, expect, test } from '@jest/globals'
import {
  allOf,
  anyNonDuplicateValues,
  atLeast,
  atMostOfSize,
  between,
  listOf,
  nonEmptyString,
  nonEmptyStringWithoutControlChars,
  nonNull,
  oneOf,
  oneOfIgnoringCase,
  Password,
  validatedBy,
} from '@sluice/sdk'
import type { SettingValue, Validator } from '@sluice/sdk'

const even = validatedBy('even', (value) => (Number(value) % 2 === 0 ? undefined : 'Value must be even'))
const NAME = 'Invalid value'

const cases: readonly (readonly [string, Validator, SettingValue | null, string | undefined])[] = [
  ['atLeast', atLeast(1), 1, undefined],
  ['atLeast', atLeast(1), 0, `${NAME} 0 for configuration x: Value must be at least 1`],
  ['atLeast', atLeast(1), null, `${NAME} null for configuration x: Value must be non-null`],
  ['between', between(1, 3), 3, undefined],
  ['between', between(1, 3), 4, `${NAME} 4 for configuration x: Value must be no more than 3`],
  ['oneOf', oneOf('none', 'all'), 'all', undefined],
  ['oneOf', oneOf('none', 'all'), 'All', `${NAME} All for configuration x: String must be one of: none, all`],
  ['oneOfIgnoringCase', oneOfIgnoringCase('V1', 'V2'), 'v2', undefined],
  [
    'oneOfIgnoringCase',
    oneOfIgnoringCase('V1', 'V2'),
    'V3',
    `${NAME} V3 for configuration x: String must be one of (case insensitive): V1, V2`,
  ],
  ['listOf', listOf(['a', 'b']), ['b', 'a'], undefined],
  ['listOf', listOf(['a', 'b']), [], undefined],
  ['listOf', listOf(['a', 'b']), ['c'], `${NAME} c for configuration x: String must be one of: a, b`],
  ['listOf', listOf(['a']), ['a', 'a'], "Configuration 'x' values must not be duplicated."],
  ['listOf', listOf(['a']), null, "Configuration 'x' values must not be null."],
  ['listOf', listOf(['a'], false), [], "Configuration 'x' must not be empty. Valid values include: [a]"],
  ['anyNonDuplicateValues', anyNonDuplicateValues(), ['p', 'q'], undefined],
  ['anyNonDuplicateValues', anyNonDuplicateValues(), ['p', ''], "Configuration 'x' values must not be empty."],
  [
    'anyNonDuplicateValues',
    anyNonDuplicateValues(false),
    [],
    "Configuration 'x' must not be empty. Valid values include: any non-empty value",
  ],
  ['nonNull', nonNull, null, `${NAME} null for configuration x: entry must be non null`],
  ['nonEmptyString', nonEmptyString, '', `${NAME}  for configuration x: String must be non-empty`],
  ['name', nonEmptyStringWithoutControlChars, '', `${NAME}  for configuration x: String may not be empty`],
  ['name', nonEmptyStringWithoutControlChars, 'Größe', undefined],
  [
    'name',
    nonEmptyStringWithoutControlChars,
    'a\nb\u0085',
    `${NAME} a\nb\u0085 for configuration x: String may not contain control sequences but had the following ASCII chars: 10, 133`,
  ],
  [
    'atMostOfSize',
    atMostOfSize(1),
    ['a', 'b'],
    `${NAME} [a, b] for configuration x: exceeds maximum list size of [1].`,
  ],
  ['validatedBy', even, 3, `${NAME} 3 for configuration x: Value must be even`],
  ['validatedBy', even, null, undefined],
  ['allOf', allOf(atLeast(1), even), 3, `${NAME} 3 for configuration x: Value must be even`],
  ['allOf', allOf(atLeast(1), even), 0, `${NAME} 0 for configuration x: Value must be at least 1`],
]

describe('a validator answers in ConfigDef’s words', () => {
  test.each(cases)('%s #%#', (_name, validator, value, message) => {
    expect(validator.check('x', value)).toBe(message)
  })

  test('and never shows a secret', () => {
    const refused = validatedBy('nothing', () => 'no').check('x', new Password('hunter2'))
    expect(refused).toBe('Invalid value [hidden] for configuration x: no')
  })
})
