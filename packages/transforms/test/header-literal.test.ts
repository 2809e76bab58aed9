/** Texts become values by the rules of Connect's `Values.parseString`. */
import { expect, test } from '@jest/globals'
import { array, decimal, map, primitive, time } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { headerLiteral } from '../src/header-literal.ts'

test.each<[string, Schema | null, Value]>([
  ['', primitive('string'), ''],
  [' ', primitive('string'), ' '],
  ['-128', primitive('int8'), -128],
  ['128', primitive('int16'), 128],
  ['9007199254740993', primitive('int64'), 9_007_199_254_740_993n],
  ['1.0', primitive('int8'), 1],
  ['1e2', primitive('int8'), 100],
  ['1.5', primitive('float32'), 1.5],
  ['1e300', primitive('float64'), 1e300],
  ['99999999999999999999', decimal(0), '99999999999999999999'],
  ['22:13:20.123Z', time(), 80_000_123],
  ['2023-13-45', primitive('string'), '2023-13-45'],
  ['True', primitive('string'), 'True'],
  ['1d', primitive('string'), '1d'],
  ['a:b', primitive('string'), 'a:b'],
  ['[1,300]', array(primitive('int16')), [1, 300]],
  ['[1.5,2]', array(primitive('float32')), [1.5, 2]],
  ['[1,"b"]', null, [1, 'b']],
  ['[]', null, []],
  ['[1,,2]', primitive('string'), '[1,,2]'],
  ['[1,2', primitive('string'), '[1,2'],
  ['[1] x', primitive('string'), '[1] x'],
  ['[22:13:20.123Z]', array(time()), [80_000_123]],
  ['{"a":[1,2]}', map(primitive('string'), array(primitive('int8'))), new Map([['a', [1, 2]]])],
  ['{1:true}', map(primitive('int8'), primitive('boolean')), new Map([[1, true]])],
  ['1e999999999', primitive('string'), '1e999999999'],
])('%j', (text, schema, value) => expect(headerLiteral(text)).toEqual({ schema, value }))
