import { expect, test } from '@jest/globals'
import { quarantineTopicOf, streamsSettings } from '../src/index.ts'

test('only the application’s name must be given', () => {
  const settings = streamsSettings.parse({ 'application.id': 'orders' })
  expect(settings).toMatchObject({
    'commit.interval.ms': null,
    'processing.guarantee': 'at_least_once',
    'processing.exception.handler': 'quarantine',
    'create.topics': true,
  })
  expect(quarantineTopicOf(settings)).toBe('orders.quarantine')
  expect(quarantineTopicOf(streamsSettings.parse({ 'application.id': 'orders', 'quarantine.topic': 'bad' }))).toBe(
    'bad',
  )
})

test('all that is wrong is said at once, each with its name', () => {
  const wrong = {
    'commit.interval.ms': '-1',
    'processing.exception.handler': 'ignore',
    'producer.compression.type': 'zip',
  }
  const parse = (): unknown => streamsSettings.parse(wrong)
  expect(parse).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
  for (const name of ['application.id', ...Object.keys(wrong)]) expect(parse).toThrow(name)
})
