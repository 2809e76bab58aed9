import { describe, expect, it } from '@jest/globals'
import { topicMatcher } from '../../src/groups/topic-regex.ts'

describe('a subscription by regular expression', () => {
  it.each([
    ['orders', ['orders'], ['orders2', 'my-orders', '']],
    ['orders-.*', ['orders-', 'orders-eu'], ['orders', 'x-orders-eu']],
    ['a|b+|', ['a', 'bbb', ''], ['ab']],
    ['(foo|bar)\\.(\\d{2,3})', ['foo.12', 'bar.123'], ['foo.1', 'foo.1234', 'foox12']],
    ['[a-c_.-]+', ['a.b-c_'], ['d', 'aD']],
    ['[^a-c]?x', ['x', 'dx'], ['ax']],
    ['[\\w&&]+', ['a_9'], ['a-b']],
    ['^a$', ['a'], ['b', '^a$']],
    ['\\Aa{3}\\z', ['aaa'], ['aa', 'aaaa']],
    ['(?:x)(?P<n>y)(?<m>z)', ['xyz'], ['xy']],
    ['a*?b+?c??', ['b', 'aabb', 'bc'], ['a']],
    ['[[:alpha:]][[:^digit:]]', ['ab', 'a-'], ['a1', '1a']],
    ['[]a]+', [']a'], ['b']],
    ['x{2,}', ['xx', 'xxxxx'], ['x']],
  ])('%s matches whole names', (pattern, matching, others) => {
    const matches = topicMatcher(pattern)
    expect(matching.filter((name) => !matches(name))).toEqual([])
    expect(others.filter(matches)).toEqual([])
  })

  it.each(['[', '(', 'a)', '*', 'a**', '\\', '\\y', '(?=a)', 'a{2000}', 'a{3,2}', '[z-a]', '[[:nope:]]', '(?i)a'])(
    '%s is refused',
    (pattern) => {
      expect(() => topicMatcher(pattern)).toThrow(expect.objectContaining({ name: 'INVALID_REGULAR_EXPRESSION' }))
    },
  )

  it('cannot keep the broker busy', () => {
    const matches = topicMatcher('(a*)*(a|aa)+(a?){100}b')
    expect(matches('a'.repeat(249))).toBe(false)
  })

  it('is refused when it is made to be large, or to nest deeply', () => {
    expect(() => topicMatcher('((a{1000}){1000}){1000}')).toThrow('too large')
    expect(() => topicMatcher('('.repeat(5_000))).toThrow('too deeply')
  })
})
