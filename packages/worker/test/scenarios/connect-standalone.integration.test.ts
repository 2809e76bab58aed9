/** Kafka's ConnectStandaloneFileTest (its system tests), with real processes; in brackets the names of the scenarios there. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { formatProperties } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { address, onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectProcess } from './connect-process.ts'

const TEST_MS = 120_000
const SETTLE_MS = 40_000

onBroker('connect-standalone in a process of its own', () => {
  let kafka: TestCluster
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))
  const at = (name: string): string => path.join(folder, name)

  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterAll(async () => {
    await kafka.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  function properties(name: string, settings: RawSettings): string {
    fs.writeFileSync(at(`${name}.properties`), formatProperties(settings))
    return at(`${name}.properties`)
  }

  async function start(connectors: readonly string[], life: number): Promise<ConnectProcess> {
    const worker = properties('worker', {
      'bootstrap.servers': address,
      listeners: `http://127.0.0.1:${await freePort()}`,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': at('offsets'),
      'offset.flush.interval.ms': '100',
    })
    return ConnectProcess.start('', ['connect-standalone', worker, ...connectors], at(`worker-${life}.log`))
  }

  test(
    'lines of a file come through to another one, with each converter; after a restart only the new ones (test_file_source_and_sink)',
    async () => {
      const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
      const converters: readonly (readonly [string, RawSettings])[] = [
        ['string', {}],
        ['json', { 'value.converter': JSON_CONVERTER, 'value.converter.schemas.enable': 'true' }],
        ['plain-json', { 'value.converter': JSON_CONVERTER, 'value.converter.schemas.enable': 'false' }],
      ]
      const topics = new Map<string, string>()
      const files: string[] = []
      for (const [name, more] of converters) {
        const topic = await kafka.topic(name)
        topics.set(name, topic)
        const source = { name: `${name}-source`, 'connector.class': 'FileStreamSource', file: at(`${name}.in`), topic }
        const sink = {
          name: `${name}-sink`,
          'connector.class': 'FileStreamSink',
          file: at(`${name}.out`),
          topics: topic,
        }
        files.push(properties(source.name, { ...source, ...more }), properties(sink.name, { ...sink, ...more }))
      }
      let expected = ''
      for (const [life, lines] of ['foo\nbar\nbaz\n', 'razz\nma\ntazz\n'].entries()) {
        for (const [name] of converters) fs.appendFileSync(at(`${name}.in`), lines)
        expected += lines
        const worker = await start(files, life)
        for (const [name] of converters)
          await eventually(
            `${name}: the lines have come through`,
            () => fs.existsSync(at(`${name}.out`)) && fs.readFileSync(at(`${name}.out`), 'utf8') === expected,
            SETTLE_MS,
          ).catch((error: unknown) => {
            throw new Error(worker.tail(), { cause: error })
          })
        await worker.end('SIGTERM')
      }
      const schema = { type: 'string', optional: false }
      expect(await kafka.values(topics.get('string')!)).toEqual(expected.trimEnd().split('\n'))
      expect((await kafka.values(topics.get('json')!)).map((value) => JSON.parse(value) as unknown)).toEqual(
        expected
          .trimEnd()
          .split('\n')
          .map((payload) => ({ schema, payload })),
      )
      expect((await kafka.values(topics.get('plain-json')!)).map((value) => JSON.parse(value) as unknown)).toEqual(
        expected.trimEnd().split('\n'),
      )
    },
    TEST_MS,
  )
})
