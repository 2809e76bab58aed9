/** Paths lead to fields by KIP-821's rules. */
import { expect, test } from '@jest/globals'
import { fieldPath } from '../src/field-path.ts'

test.each([
  ['a.b', 'V1', ['a.b']],
  ['a', 'V2', ['a']],
  ['a.b.c', 'v2', ['a', 'b', 'c']],
  ['`a.b`.c', 'V2', ['a.b', 'c']],
  ['a.`b.c`', 'V2', ['a', 'b.c']],
  ['`a.b', 'V1', ['`a.b']],
  ['a`b.c', 'V2', ['a`b', 'c']],
  ['`a`b.c`', 'V2', ['a`b.c']],
  ['`a\\`.b`', 'V2', ['a`.b']],
  ['a.', 'V2', ['a', '']],
])('%s in %s', (text, version, steps) => expect(fieldPath(text, version)).toEqual(steps))

test.each(['`a.b', 'x.`a', '`a\\`'])('%s lacks a backtick, and is refused', (text) =>
  expect(() => fieldPath(text, 'V2')).toThrow('Incomplete backtick pair in path'),
)
