import { describe, expect, test } from '@jest/globals'
import { inspect } from 'node:util'
import {
  atLeast,
  defineSettings,
  defineSource,
  listOf,
  nonEmptyStringWithoutControlChars,
  oneOf,
  Password,
  SluiceError,
  validatedBy,
} from '@sluice/sdk'
import type { Connector, ParsedSettings } from '@sluice/sdk'

const documentation = 'What it is for.'
const importance = 'low'

const settings = defineSettings({
  file: { type: 'string', importance: 'high', documentation: 'The file to read.' },
  'batch.size': { type: 'int', default: 2000, validator: atLeast(1), importance, documentation },
  'key.field': { type: 'string', default: null, importance, documentation },
  format: { type: 'string', default: 'lines', validator: oneOf('lines', 'csv'), importance, documentation },
  kinds: { type: 'list', default: ['a'], validator: listOf(['a', 'b']), importance, documentation },
  secret: { type: 'password', default: null, importance, documentation },
})

function errorOf(action: () => unknown): SluiceError {
  try {
    action()
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a declaration', () => {
  test('gives the typed object, with defaults, and null where the default is null', () => {
    const parsed: {
      readonly file: string
      readonly 'batch.size': number
      readonly 'key.field': string | null
      readonly format: 'lines' | 'csv'
      readonly kinds: readonly ('a' | 'b')[]
      readonly secret: Password | null
    } = settings.parse({ file: ' a.txt ', format: 'csv', kinds: 'b , a' })
    const same: ParsedSettings<typeof settings> = parsed
    expect(same).toEqual({
      file: 'a.txt',
      'batch.size': 2000,
      'key.field': null,
      format: 'csv',
      kinds: ['b', 'a'],
      secret: null,
    })
    // @ts-expect-error: it may be null
    const text: string = parsed['key.field']
    expect(text).toBeNull()
  })

  test('types the settings of a connector without annotations', () => {
    const source: Connector = defineSource({
      name: 'x',
      version: '1',
      documentation,
      settings,
      createTask(parsed, context) {
        const size: number = parsed['batch.size']
        // @ts-expect-error: not declared
        void parsed.nothing
        throw new Error(`${context.connector} ${size}`)
      },
    })
    expect(source.kind).toBe('source')
  })

  test('whose default is not allowed, or whose dependent is not declared, is refused when it is made', () => {
    const wrongDefault = errorOf(() =>
      defineSettings({ n: { type: 'int', default: 0, validator: atLeast(1), importance, documentation } }),
    )
    expect(wrongDefault.message).toContain('Invalid value 0 for configuration n: Value must be at least 1')
    const wrongDependent = errorOf(() =>
      defineSettings({ n: { type: 'int', dependents: ['m'], importance, documentation } }),
    )
    expect(wrongDependent.message).toBe('m is referred in the dependents, but not defined.')
  })
})

describe('parse', () => {
  test('lists every problem at once, each with setting, value and what would be right', () => {
    const error = errorOf(() => settings.parse({ 'batch.size': 'many', format: 'xml' }))
    expect(error.code).toBe('SETTINGS_INVALID')
    expect(error.message).toBe(
      [
        '3 settings are invalid:',
        '  - Missing required configuration "file" which has no default value. [string]',
        '  - Invalid value many for configuration batch.size: Not a number of type INT [int [1,...], default 2000]',
        '  - Invalid value xml for configuration format: String must be one of: lines, csv [string [lines, csv], default lines]',
      ].join('\n'),
    )
  })

  test('says which given name was probably meant where a required setting is missing', () => {
    const error = errorOf(() => settings.parse({ flie: 'a.txt' }))
    expect(error.remedy).toContain('Did you mean "file" where it says "flie"?')
  })

  test('never shows a secret', () => {
    const secretive = defineSettings({
      secret: { type: 'password', validator: validatedBy('long', () => 'Too short'), importance, documentation },
    })
    expect(errorOf(() => secretive.parse({ secret: 'hunter2' })).message).toContain(
      'Invalid value [hidden] for configuration secret: Too short',
    )
    const { secret } = settings.parse({ file: 'a', secret: 'hunter2' })
    expect(secret?.value()).toBe('hunter2')
    const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret })]
    for (const text of shown) expect(text).not.toContain('hunter2')
    expect(inspect(secret)).toBe('[hidden]')
    expect(secret?.equals(new Password('hunter2'))).toBe(true)
  })

  test('takes a JSON number or boolean for its text', () => {
    expect(settings.parse({ file: 'a', 'batch.size': 7 as unknown as string })['batch.size']).toBe(7)
  })

  test('does not take names that every object inherits for settings', () => {
    const odd = defineSettings({ constructor: { type: 'string', importance, documentation } })
    expect(errorOf(() => odd.parse({})).message).toContain('Missing required configuration "constructor"')
  })

  test('asks rules about combinations once each setting is right, and names the setting they name', () => {
    const ruled = defineSettings(
      {
        format: { type: 'string', default: 'lines', validator: oneOf('lines', 'csv'), importance, documentation },
        'key.field': { type: 'string', default: null, importance, documentation },
      },
      {
        *check(parsed) {
          if (parsed.format === 'lines' && parsed['key.field'] !== null)
            yield { setting: 'key.field', message: 'Lines have no fields: key.field needs format=csv.' }
        },
      },
    )
    expect(errorOf(() => ruled.parse({ 'key.field': 'id' })).message).toContain('Lines have no fields')
    expect(ruled.validate({ 'key.field': 'id' }).error_count).toBe(1)
    expect(ruled.parse({ 'key.field': 'id', format: 'csv' })['key.field']).toBe('id')
    expect(ruled.problems({ format: 'x', 'key.field': 'id' }).map(({ setting }) => setting)).toEqual(['format'])
  })
})

describe('unknownKeys', () => {
  test('names keys nobody declared, with the nearest declared name, and leaves known prefixes alone', () => {
    const raw = { file: 'a', 'bacth.size': '1', unrelated: 'x', 'transforms.a.type': 'y', name: 'z' }
    expect(settings.unknownKeys(raw, ['name', 'transforms.'])).toEqual([
      { key: 'bacth.size', nearest: 'batch.size' },
      { key: 'unrelated', nearest: undefined },
    ])
    expect(settings.parse(raw).file).toBe('a')
  })

  test('looks for the nearest name of the first twenty only: a hostile config has very many', () => {
    const raw = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`batch.size${i}`, '1']))
    const found = settings.unknownKeys(raw).map(({ nearest }) => nearest)
    expect(found).toHaveLength(40)
    expect(new Set(found.slice(0, 20))).toEqual(new Set(['batch.size']))
    expect(new Set(found.slice(20))).toEqual(new Set([undefined]))
  })
})

describe('extend', () => {
  const common = defineSettings({
    name: { type: 'string', validator: nonEmptyStringWithoutControlChars, importance, documentation },
    'tasks.max': { type: 'int', default: 1, validator: atLeast(1), importance, documentation },
  })

  test('puts the other settings behind, and lets them replace a declaration in its place', () => {
    const own = defineSettings({
      topic: { type: 'string', importance, documentation },
      'tasks.max': { type: 'int', default: 2, importance, documentation },
    })
    const both = common.extend(own)
    expect(Object.keys(both.declarations)).toEqual(['name', 'tasks.max', 'topic'])
    const parsed: { readonly name: string; readonly 'tasks.max': number; readonly topic: string } = both.parse({
      name: 'n',
      topic: 't',
    })
    expect(parsed['tasks.max']).toBe(2)
  })

  test('keeps the rules of both sides', () => {
    const never = { check: () => [{ setting: 'topic', message: 'never' }] }
    const ruled = defineSettings({ topic: { type: 'string', importance, documentation } }, never)
    expect(common.extend(ruled).problems({ name: 'n', topic: 't' })).toEqual([{ setting: 'topic', message: 'never' }])
    expect(ruled.extend(common).problems({ name: 'n', topic: 't' })).toEqual([{ setting: 'topic', message: 'never' }])
  })
})

describe('prefixed', () => {
  test('embeds settings as Kafka does: prefixed names outside, own names for validators', () => {
    const transform = defineSettings({
      fields: {
        type: 'list',
        validator: listOf(['a'], false),
        importance: 'high',
        documentation: 'Names of fields to mask.',
      },
      replacement: { type: 'string', default: null, importance, documentation, group: 'More' },
    })
    const embedded = transform.prefixed('transforms.m.', 'Transforms: m', 2)
    expect(embedded.validate({}).configs[0]).toEqual({
      definition: {
        name: 'transforms.m.fields',
        type: 'LIST',
        required: true,
        default_value: null,
        importance: 'HIGH',
        documentation: 'Names of fields to mask.',
        group: 'Transforms: m',
        order_in_group: 2,
        width: 'NONE',
        display_name: 'fields',
        dependents: [],
      },
      value: {
        name: 'transforms.m.fields',
        value: null,
        recommended_values: [],
        errors: [
          'Missing required configuration "transforms.m.fields" which has no default value.',
          "Configuration 'fields' values must not be null.",
        ],
        visible: true,
      },
    })
    expect(embedded.definitions()[1]).toMatchObject({ group: 'Transforms: m: More', order_in_group: 3 })
  })
})

describe('page', () => {
  test('tells of each setting what it is for, its type, default and what is allowed', () => {
    const page = settings.page(3)
    expect(page).toContain('### `batch.size`')
    expect(page).toContain('- Type: int\n- Default: `2000`\n- Valid values: \\[1,...\\]\n- Importance: low')
    expect(page).toContain('- Default: none: it must be given')
    expect(page).toContain('- Default: null')
  })
})
