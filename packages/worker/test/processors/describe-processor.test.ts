import { expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { defineSettings, SluiceError, type RawSettings } from '@sluice/sdk'
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
  more: RawSettings = {},
) {
  const all = { ...given, ...more }
  return describeProcessor({ processor, given: all, settings: all, values: new Set(), known, kafka, clock })
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

test('what a topology throws is told whatever it is: an error with its line', async () => {
  const thrown = async (what: unknown): Promise<string> => {
    const topology = (): never => {
      throw what
    }
    const { validation } = await describe(kafkaWithAll, new FakeClock(), { ...copy, topology } as never)
    return validation.configs.flatMap(({ value }) => value.errors).join()
  }
  expect(await thrown(null)).toBe('The topology threw what is no error: null')
  expect(await thrown({ code: 7 })).toBe('The topology threw what is no error: { code: 7 }')
  const error = new TypeError('x is not a function')
  error.stack = 'TypeError: x\n    at node:internal/a:1:2\n    at topology (file:///p/index.ts:5:9)'
  expect(await thrown(error)).toBe(
    'The topology cannot be written down (file:///p/index.ts:5:9); because: x is not a function',
  )
})

test('a name that nobody knows is told as such, also where its value is a provider’s', async () => {
  const all = { ...given, 'procesing.guarantee': '${file:/f:k}' }
  const settings = { ...all, 'procesing.guarantee': 'opensesame' }
  const { validation } = await describeProcessor({
    processor: copy,
    given: all,
    settings,
    values: new Set(['opensesame']),
    known: () => null,
    kafka: kafkaWithAll,
    clock: new FakeClock(),
  })
  const [message, ...more] = validation.configs.flatMap(({ value }) => value.errors)
  expect(message).toMatch(/^Unknown configuration "procesing.guarantee".*did you mean "processing.guarantee"/)
  expect(more).toEqual([])
  expect(JSON.stringify(validation)).not.toMatch(/opensesame/)
})

test('what no run would begin with is refused before it is deployed', async () => {
  const of = async (more: RawSettings): Promise<readonly string[]> => {
    const { validation } = await describe(kafkaWithAll, new FakeClock(), copy as never, () => null, more)
    return validation.configs.flatMap(({ value }) => value.errors)
  }
  expect(await of({ 'quarantine.topic': 'in' })).toEqual([
    expect.stringMatching(/reads in, where its own records go that fail/),
  ])
  expect(await of({ 'state.dir': '' })).toEqual([expect.stringMatching(/state\.dir.*non-empty/)])
  expect(await of({ 'snapshot.url': 'ftp://host/a' })).toEqual([
    expect.stringMatching(/ftp:\/\/host\/a for configuration snapshot\.url: .* scheme ftp:\. Use file:, .*s3:/),
  ])
})

test('an application that cannot be one is complained of once', async () => {
  const of = async (application: string) => {
    const more = { 'application.id': application }
    const { validation } = await describe(kafkaWithAll, new FakeClock(), copy as never, () => null, more)
    return validation.configs.flatMap(({ value }) => value.errors).length
  }
  expect([await of('a b'), await of('..'), await of('a')]).toEqual([1, 1, 0])
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

test('a name that nobody knows is a complaint beside that name, with the nearest one; what is known is none', async () => {
  const named = defineProcessor({
    ...copy,
    settings: defineSettings({
      'input.topic': { type: 'string', default: 'in', importance: 'high', documentation: 'What is read.' },
    }),
  })
  const complaints = async (more: RawSettings): Promise<readonly (readonly [string, string])[]> => {
    const { validation, topology } = await describe(kafkaWithAll, new FakeClock(), named as never, () => null, more)
    // Whoever asks for the topology of what was deployed before gets it.
    expect(topology).not.toBeNull()
    return validation.configs.flatMap(({ value }) => value.errors.map((error) => [value.name, error] as const))
  }
  const unknown = (name: string, remedy: string) => [
    name,
    `Unknown configuration "${name}", which would have no effect: ${remedy}`,
  ]
  expect(
    await complaints({
      'procesing.guarantee': 'exactly_once_v2',
      'inputs.topic': 'x',
      instance: '2',
      'producer.compresion.type': 'zstd',
      'consumer.fetch.min.bytes': '1',
      'cache.max.bytes.buffering': '0',
      'bootstrap.servers': 'elsewhere:9092',
    }),
  ).toEqual([
    unknown('procesing.guarantee', 'did you mean "processing.guarantee"?'),
    unknown('inputs.topic', 'did you mean "input.topic"?'),
    unknown('instance', 'did you mean "instances"?'),
    unknown('producer.compresion.type', 'did you mean "producer.compression.type"?'),
    unknown('consumer.fetch.min.bytes', 'did you mean "consumer.fetch.max.bytes"?'),
    unknown('cache.max.bytes.buffering', 'leave it out'),
    ['bootstrap.servers', expect.stringMatching(/the worker's Kafka: leave it out$/)],
  ])
  const known = { instances: '2', isolation: 'shared', 'consumer.fetch.max.bytes': '9', 'input.topic': 'x' }
  // Cells are told what to load by the name that connectors have for it.
  expect(await complaints({ ...known, 'connector.class': 'copy' })).toEqual([])
})

test('of each topic that is read it says whether keys of it can be paused, under the names that the application has', async () => {
  const reading = defineProcessor({
    ...copy,
    topology(builder) {
      const names = builder.globalTable('names', { ...strings, materialized: { name: 'names' } })
      builder
        .stream('in', strings)
        .groupBy((_, value) => value, grouped)
        .count({ materialized: { name: 'rows' } })
        .toStream()
        .join(
          names,
          (key) => key,
          (count, name) => `${count} ${name}`,
        )
        .to('out', strings)
    },
  })
  const { topology } = await describe(kafkaWithAll, new FakeClock(), reading as never)
  expect(topology?.pausable).toEqual({
    topics: {
      names: 'A key cannot be paused: names is what store names is restored from (topic=names)',
      in: null,
      'a-by-value-repartition': null,
    },
    isOpen: false,
  })
})
