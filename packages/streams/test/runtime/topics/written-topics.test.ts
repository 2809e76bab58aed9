import { expect, test } from '@jest/globals'
import type { Admin } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings } from '../../../src/index.ts'
import { WrittenTopics } from '../../../src/runtime/topics/written-topics.ts'

const text = { key: Serdes.string, value: Serdes.string }

function written(): WrittenTopics {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', text)
  stream.to('out', { ...text, name: 'fixed' })
  stream.to(() => 'somewhere', { ...text, name: 'free' })
  stream.groupByKey().count({ materialized: { name: 'counts' } })
  const settings = streamsSettings.parse({ 'application.id': 'app' })
  return new WrittenTopics(builder.build().forApplication('app'), settings)
}

const there = (...topics: readonly string[]) => ({
  describeTopics: (wanted?: readonly string[]) =>
    Promise.resolve(topics.filter((topic) => wanted!.includes(topic)).map((topic) => ({ topic, partitions: 1 }))),
})

test('what a producer fails with says which node writes the topic that is not there; it may come yet', () => {
  const topics = written()
  const place = { topic: 'out', error: 'UNKNOWN_TOPIC_OR_PARTITION' }
  const refused = new SluiceError('KAFKA_REFUSED', 'Topic out cannot be used', { place, retriable: true })
  expect(topics.named(refused)).toMatchObject({
    code: 'TOPOLOGY_INVALID',
    place: { topic: 'out', node: 'fixed' },
    retriable: true,
    cause: refused,
  })
  const aborted = new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'It cannot be committed any more', { place })
  expect(topics.named(aborted)).toMatchObject({ code: 'TOPOLOGY_INVALID', retriable: true, cause: aborted })
  const other = new SluiceError('KAFKA_REFUSED', 'no', { place: { topic: 'out', error: 'TOPIC_AUTHORIZATION_FAILED' } })
  expect(topics.named(other)).toBe(other)
})

test('a partition that a topic does not have is called that, with the node; it does not come', () => {
  const place = { topic: 'out', partition: 7, partitions: 2, error: 'UNKNOWN_TOPIC_OR_PARTITION' }
  const aborted = new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'It cannot be committed any more', { place })
  expect(written().named(aborted)).toMatchObject({
    code: 'KAFKA_REFUSED',
    message: expect.stringContaining('There is no partition 7 of topic out, which has 2 partitions (fixed)') as unknown,
    place: { node: 'fixed' },
    retriable: false,
  })
})

test('topics that are not there are named with their nodes: those of sinks, those that were chosen, changelogs; those of quarantine when it is none of these', async () => {
  const clock = new FakeClock()
  const topics = written()
  topics.add('somewhere', 'free')
  const missing = await topics.missing(there('app.quarantine'), clock)
  expect(missing?.message).toContain('out (fixed), app-counts-changelog (counts), somewhere (free)')
  const known = ['out', 'app-counts-changelog', 'somewhere']
  expect((await topics.missing(there(...known), clock))?.message).toContain('app.quarantine (KSTREAM-SOURCE')
  expect(await topics.missing(there(...known, 'app.quarantine'), clock)).toBeNull()
})

test('where nobody says in time what is there, nothing is missing', async () => {
  const topics = written()
  const deaf = { describeTopics: () => new Promise<never>(() => undefined) }
  expect(await topics.missing(deaf, new FakeClock({ impatient: true }))).toBeNull()
  const broken = { describeTopics: () => Promise.reject(new Error('no broker')) }
  expect(await topics.missing(broken, new FakeClock())).toBeNull()
})

test('what quarantine topics take is asked too, beside what is known of the others', async () => {
  const describe = (asked: readonly { readonly name: string }[]): Promise<unknown> =>
    Promise.resolve(
      asked.map((item) => ({ item, value: [{ name: 'message.timestamp.after.max.ms', value: '1000' }], error: null })),
    )
  const [out, quarantine] = [5, 1_000].map((aheadMs) => ({ bytes: Infinity, aheadMs, behindMs: Infinity }))
  const admin = { configs: { describe } } as unknown as Admin
  const limits = await written().limits(new Map([['out', out!]]), admin)
  expect(Object.fromEntries(limits)).toEqual({ out, 'app.quarantine': quarantine })
})
