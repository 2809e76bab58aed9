import { expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { defineSettings, SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { defineProcessor, Serdes, type Processor } from '@sluice/streams'
import { describeProcessor } from '../../src/processors/describe-processor.ts'

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

function describe(kafka: () => Promise<Kafka>, clock = new FakeClock(), processor: Processor<never> = copy as never) {
  return describeProcessor({ processor, given, settings: given, values: new Set(), kafka, clock })
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
