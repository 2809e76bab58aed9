import { expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { defineSettings, SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { defineProcessor, Serdes, type Processor } from '@sluice/streams'
import { describeProcessor } from '../../src/processors/describe-processor.ts'
import { takeKnown, withKnown } from '../../src/processors/known-topology.ts'

const strings = { key: Serdes.string, value: Serdes.string }
const settings = defineSettings({})
const copy = defineProcessor({
  name: 'copy',
  version: '1',
  documentation: 'Copies.',
  settings,
  topology(builder) {
    builder.stream('in', strings).to('out', strings)
  },
})
const given = { name: 'a', 'application.id': 'a', 'processor.class': 'copy' }

type Known = Parameters<typeof describeProcessor>[0]['known']

function describe(
  kafka: () => Promise<Kafka>,
  clock = new FakeClock(),
  processor: Processor<never> = copy as never,
  known: Known = () => null,
) {
  return describeProcessor({ processor, given, settings: given, values: new Set(), known, kafka, clock })
}

test('a Kafka that is away, or does not answer in ten seconds, is thrown as something that may pass', async () => {
  const away = new SluiceError('KAFKA_UNREACHABLE', 'No broker answered', { retriable: true })
  await expect(describe(() => Promise.reject(away))).rejects.toBe(away)
  const clock = new FakeClock()
  const late = describe(() => new Promise<Kafka>(() => undefined), clock).catch((error: unknown) => error)
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve))
  clock.advance(10_000)
  expect(await late).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
})

test('what Kafka refuses for good, and what a topology throws, are complaints', async () => {
  const refused = new SluiceError('KAFKA_REFUSED', 'Not allowed')
  const errors = async (work: ReturnType<typeof describe>): Promise<readonly string[]> =>
    (await work).validation.configs.flatMap(({ value }) => value.errors)
  expect(await errors(describe(() => Promise.reject(refused)))).toEqual(['Not allowed'])
  const throwing = defineProcessor({
    name: 'throwing',
    version: '1',
    documentation: 'Throws.',
    settings,
    topology: () => {
      throw new SluiceError('KAFKA_TIMEOUT', 'Mine', { retriable: true })
    },
  })
  expect(await errors(describe(() => Promise.reject(refused), new FakeClock(), throwing as never))).toEqual(['Mine'])
})

/** Every topic has two partitions. */
async function kafkaWithAll(): Promise<Kafka> {
  const describeTopics = async (topics: readonly string[] = []) => topics.map((topic) => ({ topic, partitions: 2 }))
  return { admin: { describeTopics } } as unknown as Kafka
}

const grouped = { key: Serdes.string, value: Serdes.string, name: 'by-value' }
const counting = defineProcessor({
  name: 'counting',
  version: '1',
  documentation: 'Counts.',
  settings,
  topology(builder) {
    builder
      .stream('in', strings)
      .groupBy((_, value) => value, grouped)
      .count({ materialized: { name: 'rows' } })
  },
})
const lasting = defineProcessor({
  name: 'lasting',
  version: '2',
  documentation: 'Keeps the last.',
  settings,
  topology(builder) {
    builder
      .stream('in', strings)
      .groupBy((_, value) => value, grouped)
      .reduce((_, value) => value, { materialized: { name: 'rows', value: Serdes.string } })
  },
})

test('a topology that does not fit what was deployed before is a complaint with its remedy, before anything runs', async () => {
  const of = (processor: unknown, known: Known) =>
    describe(kafkaWithAll, new FakeClock(), processor as Processor<never>, known)
  const first = await of(counting, () => null)
  expect(first.validation.error_count).toBe(0)
  const before: Known = takeKnown(withKnown({}, first.written)).known
  const errors = ({ validation }: typeof first) => validation.configs.flatMap(({ value }) => value.errors)
  expect(errors(await of(counting, before))).toEqual([])
  expect((await of(counting, before)).written).toBe(first.written)
  const [complaint, ...more] = errors(await of(lasting, before))
  expect(complaint).toMatch(/^The topology does not fit the state that is stored: store rows: its values were .*\. \S/)
  expect(more).toEqual([])
  // Another application has nothing to do with it.
  expect(errors(await of(lasting, () => before('b')))).toEqual([])
})
