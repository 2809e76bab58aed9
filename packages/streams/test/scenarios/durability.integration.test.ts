/** What waits in a buffer is there after a restart: Kafka Streams' tests of that, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BufferConfig, JoinWindows, Suppressed, TimeWindows } from '../../src/index.ts'
import { Stage, text, type Put, type Write } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

interface Scenario {
  readonly name: string
  readonly write: Write
  /** Before the restart, and behind it. */
  readonly puts: readonly [Readonly<Record<string, readonly Put[]>>, Readonly<Record<string, readonly Put[]>>]
  readonly out: readonly [readonly string[], readonly string[]]
}

const put = (key: string, value: string, at: number): Put => ({ key, value, at })
const joined = (left: string | null, right: string | null): string => `${left}+${right}`

const scenarios: readonly Scenario[] = [
  {
    name: 'SuppressionDurabilityIntegrationTest',
    write: (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .count()
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
        .toStream(({ key, start }) => `${key}@${start}`)
        .mapValues(String)
        .to(topic('out'), text),
    puts: [
      { in: [put('a', 'x', 1), put('b', 'x', 2), put('a', 'x', 12), put('a', 'x', 13)] },
      { in: [put('c', 'x', 25), put('a', 'late', 14)] },
    ],
    out: [
      ['a@0:1', 'b@0:1'],
      ['a@0:1', 'b@0:1', 'a@10:2'],
    ],
  },
  {
    name: 'SuppressionDurabilityIntegrationTest, until a time limit',
    write: (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .groupByKey()
        .count()
        .suppress(Suppressed.untilTimeLimit(10, BufferConfig.unbounded(), { name: 'limited' }))
        .toStream()
        .mapValues(String)
        .to(topic('out'), text),
    puts: [{ in: [put('a', 'x', 1), put('a', 'x', 2), put('b', 'x', 11)] }, { in: [put('c', 'x', 21)] }],
    out: [['a:2'], ['a:2', 'b:1']],
  },
  {
    name: 'JoinGracePeriodDurabilityIntegrationTest',
    write: (builder, topic) => {
      const table = builder.table(topic('table'), {
        ...text,
        materialized: { ...text, name: 'rows', historyRetentionMs: 1_000 },
      })
      builder
        .stream(topic('in'), text)
        .join(table, joined, { ...text, name: 'joined', graceMs: 10 })
        .to(topic('out'), text)
    },
    puts: [
      { table: [put('a', 'old', 0)], in: [put('a', '1', 1), put('a', '2', 5), put('a', '3', 12)] },
      { in: [put('a', '4', 30)] },
    ],
    out: [['a:1+old'], ['a:1+old', 'a:2+old', 'a:3+old']],
  },
  {
    name: 'OuterJoinListValueStoreRestorationIntegrationTest',
    write: (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .outerJoin(builder.stream(topic('other'), text), joined, JoinWindows.ofTimeDifferenceWithNoGrace(10), {
          ...text,
          name: 'joined',
        })
        .to(topic('out'), text),
    puts: [
      { in: [put('a', '1', 1), put('a', '2', 2), put('b', '3', 3)], other: [put('c', '4', 4)] },
      { other: [put('b', '5', 5), put('z', '6', 40)] },
    ],
    out: [[], ['b:3+5', 'a:1+null', 'a:2+null', 'c:null+4']],
  },
]

onABroker('what waits survives a restart (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  const cases = scenarios.flatMap((one) =>
    ['exactly_once_v2', 'at_least_once'].map((guarantee) => [one.name, guarantee, one] as const),
  )
  test.each(cases)(
    '%s, %s: it is let go in its time, once, by an instance that has its changelog alone',
    async (_name, guarantee, { write, puts, out }) => {
      const app = await stage.application({ in: 1, other: 1, table: 1, out: 1 }, write)
      for (const [i, round] of puts.entries()) {
        for (const [topic, records] of Object.entries(round)) await app.put(topic, ...records)
        app.forget()
        await app.runToEnd({ settings: { 'processing.guarantee': guarantee } })
        expect(await app.read('out')).toEqual(out[i])
      }
    },
    60_000,
  )
})
