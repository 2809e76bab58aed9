import { describe, expect, test } from '@jest/globals'
import { atLeast, defineSettings, oneOf, withErrors } from '@sluice/sdk'

const importance = 'low'
const documentation = 'd'

describe('validate', () => {
  test('answers in the shape of Kafka Connect, with numbers and booleans as text', () => {
    const settings = defineSettings({
      'tasks.max': {
        type: 'int',
        default: 1,
        validator: atLeast(1),
        importance: 'high',
        documentation: 'Maximum number of tasks to use for this connector.',
        group: 'Common',
        order: 4,
        width: 'short',
        displayName: 'Tasks max',
      },
      'errors.log.enable': { type: 'boolean', default: false, importance: 'medium', documentation, group: 'Errors' },
    })
    const answer = settings.validate({ 'tasks.max': 'x' }, 'FileStreamSink')
    expect({ ...answer, configs: answer.configs.slice(0, 1) }).toEqual({
      name: 'FileStreamSink',
      error_count: 2,
      groups: ['Common', 'Errors'],
      configs: [
        {
          definition: {
            name: 'tasks.max',
            type: 'INT',
            required: false,
            default_value: '1',
            importance: 'HIGH',
            documentation: 'Maximum number of tasks to use for this connector.',
            group: 'Common',
            order_in_group: 4,
            width: 'SHORT',
            display_name: 'Tasks max',
            dependents: [],
          },
          value: {
            name: 'tasks.max',
            value: null,
            recommended_values: [],
            errors: [
              'Invalid value x for configuration tasks.max: Not a number of type INT',
              'Invalid value null for configuration tasks.max: Value must be non-null',
            ],
            visible: true,
          },
        },
      ],
    })
    expect(answer.configs[1]).toMatchObject({
      definition: { type: 'BOOLEAN', default_value: 'false', order_in_group: 1, width: 'NONE' },
      value: { value: 'false' },
    })
  })

  test('shows parsed values as text: lists by comma, secrets hidden, doubles as Java does, 64-bit integers exactly', () => {
    const settings = defineSettings({
      list: { type: 'list', importance, documentation },
      secret: { type: 'password', importance, documentation },
      ratio: { type: 'double', default: 1, importance, documentation },
      tiny: { type: 'double', default: 0.0001, importance, documentation },
      long: { type: 'long', importance, documentation },
      nothing: { type: 'long', default: null, importance, documentation },
    })
    const raw = { list: ' a , b', secret: 's', long: '9223372036854775807' }
    const shown = settings
      .validate(raw)
      .configs.map(({ definition, value }) => [value.value, definition?.default_value])
    expect(shown).toEqual([
      ['a,b', null],
      ['[hidden]', null],
      ['1.0', '1.0'],
      ['1.0E-4', '1.0E-4'],
      ['9223372036854775807', null],
      [null, null],
    ])
  })

  test('an ungrouped setting has no group, order -1 and its name to show', () => {
    const settings = defineSettings({ file: { type: 'string', default: null, importance, documentation } })
    expect(settings.definitions()[0]).toMatchObject({ group: null, order_in_group: -1, display_name: 'file' })
    expect(settings.validate({}).groups).toEqual([])
  })

  test('asks the recommender with what could be parsed', () => {
    const settings = defineSettings({
      mode: {
        type: 'string',
        validator: oneOf('table', 'query'),
        dependents: ['table'],
        recommender: { validValues: () => ['table', 'query'] },
        importance,
        documentation,
      },
      table: {
        type: 'string',
        default: null,
        recommender: {
          validValues: (_name, parsed) => (parsed['mode'] === 'table' ? ['orders'] : []),
          visible: (_name, parsed) => parsed['mode'] === 'table',
        },
        importance,
        documentation,
      },
    })
    const byMode = (mode: string) => settings.validate({ mode }).configs.map(({ value }) => value)
    expect(byMode('table')).toMatchObject([
      { recommended_values: ['table', 'query'], visible: true },
      { recommended_values: ['orders'], visible: true },
    ])
    expect(byMode('query')[1]).toMatchObject({ recommended_values: [], visible: false })
  })

  test('plain unknown keys are no part of the answer', () => {
    const settings = defineSettings({ file: { type: 'string', importance, documentation } })
    const answer = settings.validate({ file: 'f', other: 'x' })
    expect(answer.configs.map(({ value }) => value.name)).toEqual(['file'])
    expect(answer.error_count).toBe(0)
  })
})

describe('withErrors', () => {
  test('adds complaints to a setting, and puts undeclared names first, without a definition', () => {
    const settings = defineSettings({ file: { type: 'string', importance, documentation } })
    const answer = withErrors(settings.validate({ file: 'f' }), [
      { setting: 'file', message: 'a' },
      { setting: 'producer.override.acks', message: 'b' },
    ])
    expect(answer.error_count).toBe(2)
    expect(answer.configs).toMatchObject([
      { definition: null, value: { name: 'producer.override.acks', value: null, errors: ['b'], visible: true } },
      { definition: { name: 'file' }, value: { value: 'f', errors: ['a'] } },
    ])
  })
})
