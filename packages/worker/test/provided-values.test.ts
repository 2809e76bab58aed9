import { describe, expect, test } from '@jest/globals'
import { isRetriable, RetriableError, SluiceError } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { clean, cleanError, cleanly, cleanLogger } from '../src/provided-values.ts'

const values = (...given: string[]): ReadonlySet<string> => new Set(given)

describe('what is told', () => {
  test.each([
    ['a value', ['s3cret'], 'no "s3cret" there', 'no "[hidden]" there'],
    ['a part of a setting', ['s3cret'], 'user=a;password=s3cret;x', 'user=a;password=[hidden];x'],
    ['a value that begins with another', ['abc', 'abcdef'], 'abcdef abc', '[hidden] [hidden]'],
    ['a word of the mark itself', ['hidden', 's3cret'], 's3cret, hidden', '[hidden], [hidden]'],
    ['a value with a line end, trimmed by its reader', ['s3cret\n'], 'no s3cret there', 'no [hidden] there'],
    ['a value in JSON', ['a"b\\c'], 'in {"p":"a\\"b\\\\c"}', 'in {"p":"[hidden]"}'],
    ['a value in a URL', ['p@ss/word'], 'http://u:p%40ss%2Fword@h', 'http://u:[hidden]@h'],
    ['a value that reads like a pattern', ['.*+$1-[x]'], 'it is .*+$1-[x]!', 'it is [hidden]!'],
    ['half a surrogate pair', ['\ud800xyz'], 'a \ud800xyz', 'a [hidden]'],
  ])('does not hold %s', (_, given, text, cleaned) => {
    expect(clean(text, values(...given))).toBe(cleaned)
  })

  test('can still be read when a value is empty, or too short to be a secret', () => {
    const text = 'no answer within 1 s: tasks.max is 10'
    expect(clean(text, values('', '1', 'no', ' \n'))).toBe(text)
  })
})

describe('an error', () => {
  test('that says nothing of the values stays what it is', () => {
    const error = new TypeError('x')
    expect(cleanError(error, values('s3cret'))).toBe(error)
  })

  test('that quotes one keeps its code, remedy and causes, without it', () => {
    const cause = new Error('login with s3cret')
    const error = new RetriableError('KAFKA_TIMEOUT', 'no s3cret', { remedy: 'Not s3cret.', cause })
    const cleaned = cleanError(error, values('s3cret')) as SluiceError
    expect(cleaned).toMatchObject({ code: 'KAFKA_TIMEOUT', message: 'no [hidden]', remedy: 'Not [hidden].' })
    expect(isRetriable(cleaned)).toBe(true)
    expect((cleaned.cause as Error).message).toBe('login with [hidden]')
    expect(`${cleaned.stack}${(cleaned.cause as Error).stack}`).not.toContain('s3cret')
  })

  test('of work is clean, and what the work gives is as it was', async () => {
    const fail = (): never => {
      throw new Error('s3cret')
    }
    await expect(cleanly(values('s3cret'), fail)).rejects.toThrow('[hidden]')
    expect(await cleanly(values('s3cret'), () => 's3cret')).toBe('s3cret')
  })
})

test('log lines are clean, in words and fields, of children too', () => {
  const logger = new MemoryLogger()
  const cleaned = cleanLogger(logger, values('s3cret'))
  cleaned.warn('with s3cret', { url: 'x:s3cret@y', tries: 3 })
  cleaned.child({ as: 's3cret' }).info('s3cret')
  expect(JSON.stringify(logger.lines)).not.toContain('s3cret')
  expect(logger.lines[0]).toMatchObject({ message: 'with [hidden]', fields: { url: 'x:[hidden]@y', tries: 3 } })
  expect(logger.lines[1]).toMatchObject({ message: '[hidden]' })
})
