import { expect, test } from '@jest/globals'
import { DataError, describeError, isRetriable, RetriableError, SluiceError } from '@sluice/sdk'
import { fromWire, toWire } from '../../src/cells/wire-error.ts'

const over = (error: unknown): Error => fromWire(structuredClone(toWire(error)))

test('an error reads the same on the other side, with its causes and its remedy', () => {
  const error = new SluiceError('SETTINGS_INVALID', 'the port is wrong', {
    remedy: 'Give another.',
    place: { setting: 'port' },
    cause: new Error('not a number', { cause: 'text' }),
  })
  expect(describeError(over(error))).toBe(describeError(error))
  expect(over(error)).toMatchObject({ code: 'SETTINGS_INVALID', stack: error.stack })
})

test('what can be tried again can be so on the other side, and nothing else', () => {
  expect(isRetriable(over(new RetriableError('KAFKA_TIMEOUT', 'later')))).toBe(true)
  expect(isRetriable(over(new DataError('bad')))).toBe(false)
  expect(isRetriable(over(new Error('unknown')))).toBe(false)
})

test('whatever was thrown comes over: texts, nothing, errors that are their own cause', () => {
  expect(over('text').message).toBe('text')
  expect(over(undefined).message).toBe('undefined')
  const loop = new Error('round')
  loop.cause = loop
  expect(describeError(over(loop))).toBe('round')
})
