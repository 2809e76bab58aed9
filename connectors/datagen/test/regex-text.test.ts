import { expect, test } from '@jest/globals'
import { RecordRandom } from '../src/record-random.ts'
import { regexText } from '../src/regex-text.ts'

const PATTERNS = [
  'User_[1-9]{0,1}',
  '(ab|c|)d?',
  '[^a-z]{3}',
  String.raw`\d{3}-\w+\s\.`,
  String.raw`[\d\-x]{2,4}`,
  '(a(b|c){2}){1,3}',
  '.{5}',
  '^abc$',
  'a{3,}',
  '[-+]?[0-9]*',
  '(?:x|y)z+?',
  String.raw`\u00e4[a\]]`,
  '[]a]{4}',
  'é{2}',
]

test.each(PATTERNS)('texts of %s match it', (pattern) => {
  const { draw, charsMax } = regexText(pattern)
  const own = new RegExp(`^(?:${pattern.replace('[]a]', String.raw`[\]a]`)})$`)
  const random = new RecordRandom(pattern)
  for (let n = 0; n < 200; n++) {
    const text = draw(random.at(0, n, 0))
    expect(text).toMatch(own)
    expect(text.length).toBeLessThanOrEqual(charsMax)
  }
})

test.each([
  'a**',
  '*a',
  'a)',
  '[z-a]',
  'a{2,1}',
  'a{x}',
  String.raw`\1`,
  String.raw`\p{L}`,
  String.raw`a\ `.trim(),
  '[^ -~]',
  'a{999999}',
  '(a{999}){999}',
  '('.repeat(60) + ')'.repeat(60),
])('%s is refused with its place', (pattern) => {
  expect(() => regexText(pattern)).toThrow(
    expect.objectContaining({ code: 'SCHEMA_INVALID', place: { character: expect.any(Number) } }),
  )
})
