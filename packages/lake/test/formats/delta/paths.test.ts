import { describe, expect, test } from '@jest/globals'
import { decodePath, encodePath } from '../../../src/formats/delta/paths.ts'

describe('paths in the log', () => {
  // Of Java 17: `new Path(path).toUri().toString()`, which Spark compares when it vacuums.
  test.each([
    ['p=a/part-1.zstd.parquet', 'p=a/part-1.zstd.parquet'],
    ['p=größe é e\u0301/𝄞', 'p=größe%20é%20e\u0301/𝄞'],
    ['p=a+b&c,d;e@f$g', 'p=a+b&c,d;e@f$g'],
    ["p=!~*'()_-.", "p=!~*'()_-."],
    ['p=%2Fa%25', 'p=%252Fa%2525'],
    ['p=<>|"\\^`{}[]?#', 'p=%3C%3E%7C%22%5C%5E%60%7B%7D%5B%5D%3F%23'],
    ['p=\u0001\u007f\u0085\u00a0\u2028\u3000', 'p=%01%7F%C2%85%C2%A0%E2%80%A8%E3%80%80'],
  ])('%j is %j, as Java writes it', (path, logged) => {
    expect(encodePath(path)).toBe(logged)
    expect(decodePath(logged)).toBe(path)
  })

  test('a colon makes no scheme', () => {
    expect(encodePath('a:b/c')).toBe('a%3Ab/c')
  })
})
