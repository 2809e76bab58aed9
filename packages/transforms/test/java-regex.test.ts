/** Java's patterns mean in JavaScript what they mean in Java, or are refused. */
import { describe, expect, test } from '@jest/globals'
import { javaRegex, javaReplacement } from '../src/java-regex.ts'

function replaced(pattern: string, replacement: string, text: string): string {
  return javaReplacement(javaRegex(pattern), replacement)(text)
}

describe('patterns', () => {
  test.each([
    ['a|ab', 'ab', true],
    ['(?i)ORD.*', 'orders', true],
    [String.raw`\Qa.b\E.`, 'a.bx', true],
    [String.raw`\Qa.b\E.`, 'axbx', false],
    [String.raw`\p{Alpha}+`, 'abc', true],
    [String.raw`[\p{Digit}_]+`, '12_3', true],
    [String.raw`\p{Lu}\P{Upper}`, 'Éé', true],
    [String.raw`\Aab\z`, 'ab', true],
    [String.raw`[]a]+`, ']a]', true],
    [String.raw`foo\-bar`, 'foo-bar', true],
    [String.raw`(?<env>\w+)\.db\.(.*)`, 'prod.db.orders', true],
    [String.raw`\s`, '\u00a0', false],
    ['ord', 'orders', false],
  ])('%s and %j: %p', (pattern, text, fits) => expect(javaRegex(pattern).whole.test(text)).toBe(fits))

  test.each([
    ['(', 'Unclosed group near index 1'],
    [')', "Unmatched closing ')'"],
    ['[a', 'Unclosed character class'],
    ['a*+', 'Possessive quantifiers'],
    ['[a&&b]', 'Classes within classes'],
    ['[a[b]]', 'Classes within classes'],
    [String.raw`\y`, 'Illegal/unsupported escape'],
    ['(?x)a', 'The flag x is not supported'],
    ['*', ''],
  ])('%s is refused', (pattern, message) => expect(() => javaRegex(pattern)).toThrow(message))
})

describe('replacements', () => {
  test.each([
    ['(or)(.*)', '$2-$1', 'orders', 'ders-or'],
    ['(a)', '$10', 'a', 'a0'],
    ['(?<x>b)', '<${x}>', 'abc', 'a<b>c'],
    ['b', String.raw`\$1\\`, 'abc', String.raw`a$1\c`],
    ['(z)?b', '[$1]', 'abc', 'a[]c'],
    ['b', '$0$0', 'abc', 'abbc'],
    // JavaScript's own signs mean nothing here.
    ['b', "&'`", 'abc', "a&'`c"],
  ])('%s by %s in %s gives %s', (pattern, replacement, text, result) =>
    expect(replaced(pattern, replacement, text)).toBe(result),
  )

  test('replaces what is found first, which may be less than the whole that matched', () =>
    expect(replaced('a|ab', 'x', 'ab')).toBe('xb'))

  test.each(['$1', '$', '${x}', '${x', '\\'])('%s is refused for a pattern without groups', (replacement) =>
    expect(() => replaced('a', replacement, 'a')).toThrow('configuration replacement'),
  )
})
