import { describe, expect, test } from '@jest/globals'
import { defineSettings } from '@sluice/sdk'
import type { SettingDeclaration, SettingType } from '@sluice/sdk'

function parse(type: SettingType, text: string): unknown {
  const declaration = { type, importance: 'low', documentation: '' } as SettingDeclaration
  const settings = defineSettings({ x: declaration })
  const [problem] = settings.problems({ x: text })
  return problem === undefined ? settings.parse({ x: text })['x'] : problem.message
}

describe('texts that ConfigDef takes', () => {
  test.each([
    ['string', '  a b\t', 'a b'],
    ['string', '', ''],
    ['string', '\u00a0a\u00a0', '\u00a0a\u00a0'],
    ['boolean', ' TRUE ', true],
    ['boolean', 'False', false],
    ['int', ' 2147483647', 2147483647],
    ['int', '-2147483648', -2147483648],
    ['int', '+5', 5],
    ['int', '007', 7],
    ['short', '-32768', -32768],
    ['long', '9007199254740991', 9007199254740991],
    ['long', '-9223372036854775808', -(2 ** 63)],
    ['double', '1.5e3', 1500],
    ['double', '.5', 0.5],
    ['double', '5.', 5],
    ['double', '1d', 1],
    ['double', '-Infinity', -Infinity],
    ['list', '', []],
    ['list', 'a', ['a']],
    ['list', ' a ,b  ,\tc,', ['a', 'b', 'c', '']],
    ['class', ' org.example.Thing ', 'org.example.Thing'],
  ] as const)('%s %j', (type, text, value) => {
    expect(parse(type, text)).toEqual(value)
  })
})

describe('texts that ConfigDef refuses, in its words', () => {
  test.each([
    ['boolean', 'yes', 'Expected value to be either true or false'],
    ['boolean', '', 'Expected value to be either true or false'],
    ['int', 'abc', 'Not a number of type INT'],
    ['int', '', 'Not a number of type INT'],
    ['int', '1.0', 'Not a number of type INT'],
    ['int', '1e3', 'Not a number of type INT'],
    ['int', '0x10', 'Not a number of type INT'],
    ['int', '2147483648', 'Not a number of type INT'],
    ['int', '1 2', 'Not a number of type INT'],
    ['int', '--1', 'Not a number of type INT'],
    ['short', '32768', 'Not a number of type SHORT'],
    ['long', '9223372036854775808', 'Not a number of type LONG'],
    ['double', '1,5', 'Not a number of type DOUBLE'],
    ['double', 'infinity', 'Not a number of type DOUBLE'],
  ] as const)('%s %j', (type, text, reason) => {
    expect(parse(type, text)).toBe(`Invalid value ${text} for configuration x: ${reason}`)
  })
})

test('a class is resolved to its full name, and one that cannot be found is named', () => {
  const settings = defineSettings({
    converter: {
      type: 'class',
      resolve: (name) => (name === 'JsonConverter' ? 'org.apache.kafka.connect.json.JsonConverter' : undefined),
      importance: 'low',
      documentation: '',
    },
  })
  expect(settings.parse({ converter: 'JsonConverter' }).converter).toBe('org.apache.kafka.connect.json.JsonConverter')
  expect(settings.validate({ converter: 'no.Such' }).configs[0]?.value).toMatchObject({
    value: null,
    errors: ['Invalid value no.Such for configuration converter: Class no.Such could not be found.'],
  })
})
