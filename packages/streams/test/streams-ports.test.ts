/** What the functions of an application may do to it: nothing, when they fail. */
import { expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, SluiceError, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StreamsPorts } from '../src/index.ts'

const refused = new SluiceError('KAFKA_AUTHENTICATION', 'Not with this password')

/** A run that fails at once. Resolves to what it has said as an error. */
async function failing(ports: Partial<StreamsPorts>): Promise<string[]> {
  const said: string[] = []
  const error = (message: string): void => void said.push(message)
  const logger: Logger = { ...silentLogger, child: () => logger, error }
  const kafka = { admin: { describeTopics: () => Promise.reject(refused) } } as unknown as Kafka
  const builder = new StreamsBuilder()
  builder.stream('in', { key: Serdes.string, value: Serdes.string }).foreach(() => undefined)
  const settings = streamsSettings.parse({ 'application.id': 'app' })
  const streams = new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics(), logger, ...ports })
  await expect(streams.run()).rejects.toBe(refused)
  expect(streams.state).toBe('ERROR')
  return said
}

const throwing = (): never => {
  throw new Error('neither this')
}

test.each([
  ['throws', throwing],
  ['answers a promise', () => Promise.reject(new Error('too late'))],
  ['answers something else', () => 'RESTART'],
])('onUncaughtException that %s: the instance ends with what has failed', async (_, onUncaughtException) => {
  expect(await failing({ onUncaughtException: onUncaughtException as () => never })).toEqual([
    'onUncaughtException has no answer: the instance ends',
    'Stopped by an error',
  ])
})

test.each([
  ['throws', throwing],
  ['rejects', () => Promise.reject(new Error('too late'))],
] as readonly (readonly [string, () => unknown])[])(
  'onState that %s is logged, and changes nothing',
  async (_, onState) => {
    expect(await failing({ onState })).toContain('onState has failed')
  },
)
