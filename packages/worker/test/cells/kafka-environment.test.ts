import { beforeEach, expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { defineSettings, defineSink, defineSource, silentLogger, type Connector } from '@sluice/sdk'
import { KafkaEnvironment } from '../../src/cells/kafka-environment.ts'
import type { Plugins } from '../../src/plugins/catalogue.ts'

const parts = { name: 'c', version: '7', documentation: 'x', settings: defineSettings({}) }
const createTask = (): never => {
  throw new Error('no task is made here')
}
const source = defineSource({ ...parts, createTask })
const sink = defineSink({ ...parts, createTask })

let connector: Connector
let opened: number
let environment: KafkaEnvironment

beforeEach(() => {
  opened = 0
  environment = new KafkaEnvironment({
    worker: {},
    resolve: async (settings) => ({ settings, values: new Set() }),
    plugins: async () => ({ loadFor: async () => connector }) as unknown as Plugins,
    kafka: async () => ({}) as Kafka,
    positions: async () => {
      opened++
      throw new Error('the topic is not there')
    },
    close: async () => undefined,
    logger: silentLogger,
  })
})

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('who has no source does not follow the topic of positions', async () => {
  connector = sink
  await environment.prepare()
  expect(await environment.connector({})).toBe(sink)
  await settle()
  expect(opened).toBe(0)
})

test('positions are opened when a source is loaded, which does not wait for them; after a failure once more', async () => {
  connector = source
  expect(await environment.connector({})).toBe(source)
  await settle()
  expect(opened).toBe(1)
  await environment.connector({})
  await settle()
  expect(opened).toBe(2)
})
