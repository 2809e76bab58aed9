import { expect, test } from '@jest/globals'
import { quarantineTopicOf, streamsSettings } from '../src/index.ts'
import { checkTimes } from '../src/streams-settings.ts'

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
    'snapshot.url': 'ftp://host/snapshots',
  }
  const parse = (): unknown => streamsSettings.parse(wrong)
  expect(parse).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
  for (const name of ['application.id', ...Object.keys(wrong)]) expect(parse).toThrow(name)
})

test.each(['a b', '../elsewhere', 'a/b', '..', 'ü', 'a'.repeat(201)])(
  'topics and folders are named after the application: %s is no name',
  (id) => {
    expect(() => streamsSettings.parse({ 'application.id': id })).toThrow(/application\.id: Use 1 to 200 ASCII letters/)
    if (id.length <= 200)
      expect(() => streamsSettings.parse({ 'application.id': 'a', 'quarantine.topic': id })).toThrow(
        /quarantine\.topic/,
      )
  },
)

test('heartbeats that are no more often than the session is long are refused', () => {
  const check = (heartbeatMs: string) => () =>
    checkTimes(streamsSettings.parse({ 'application.id': 'a', 'heartbeat.interval.ms': heartbeatMs }))
  expect(check('45000')).toThrow(/heartbeat\.interval\.ms \(45000\) is not below session\.timeout\.ms \(45000\)/)
  expect(check('44999')).not.toThrow()
})
