import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { hasVariable, replaceVariables } from '../src/variables.ts'

/** What Java's `ConfigTransformer` looks for. */
const PATTERN = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

describe('variables', () => {
  test('are read as Java’s pattern reads them, whatever is around them', () => {
    const text = fc
      .array(fc.constantFrom('${', '}', ':', '$', '{', 'a', 'b', ' '), { maxLength: 24 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (given) => {
        const seen: string[] = []
        const ours = replaceVariables(given, ({ provider, path, key }) => {
          seen.push(`${provider}|${path}|${key}`)
          return '<v>'
        })
        const theirs = [...given.matchAll(PATTERN)].map(([, provider, path = '', key]) => `${provider}|${path}|${key}`)
        expect(seen).toEqual(theirs)
        expect(ours).toBe(given.replaceAll(PATTERN, '<v>'))
        expect(hasVariable(given)).toBe(theirs.length > 0)
      }),
      { numRuns: 5_000 },
    )
  })

  test('that nobody has a value for stay as they are', () => {
    const text = 'a ${x:1} b ${y:2:3} c'
    expect(replaceVariables(text, () => undefined)).toBe(text)
    expect(replaceVariables(text, ({ provider }) => (provider === 'y' ? 'Y' : undefined))).toBe('a ${x:1} b Y c')
  })
})
